// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	// startTimeout is for a machine that builds and tests on every core at once. On an idle one, both servers are up in
	// about five seconds.
	startTimeout = 2 * time.Minute
	// stopTimeout bounds how long the API server may wait for clients that keep a watch open.
	stopTimeout = 10 * time.Second
)

// Options says how a [Server] runs. The zero value is what a test wants: a free port, and data that goes with it.
type Options struct {
	// Programs is the folder of etcd, kube-apiserver and kubectl. If it is empty, they are those of the checkout's
	// bin/kube, which end with the process that started them, however it ends. Others end when that process stops them.
	Programs string
	// DataDir keeps etcd's data, so that a later Server with the same folder has the same objects. If it is empty, the
	// data are in a temporary folder that Stop removes.
	DataDir string
	// Port is the API server's on 127.0.0.1. 0 takes a free one.
	Port int
	// EtcdLog and APIServerLog receive what the two print. Nil discards it.
	EtcdLog, APIServerLog io.Writer
}

// Server is a running Kubernetes API.
type Server struct {
	// Config is the access of a member of system:masters, without a limit on requests that would slow a test.
	Config *rest.Config
	// Kubeconfig is the same access as the content of a kubeconfig file.
	Kubeconfig []byte

	environment  *envtest.Environment
	etcdLog      *tail
	apiServerLog *tail
	scratch      string
}

// New starts etcd and kube-apiserver and installs the definitions from config/crd/bases. It returns when they are
// served. Both servers of the checkout end with this process even if nobody calls [Server.Stop].
func New(options Options) (*Server, error) {
	checkout, err := Checkout()
	if err != nil {
		return nil, err
	}
	programs, err := findPrograms(checkout, options.Programs)
	if err != nil {
		return nil, err
	}
	definitions, err := findDefinitions(checkout)
	if err != nil {
		return nil, err
	}
	scratch, err := makeScratch()
	if err != nil {
		return nil, err
	}

	server := &Server{
		etcdLog:      newTail(options.EtcdLog),
		apiServerLog: newTail(options.APIServerLog),
		scratch:      scratch,
	}
	if server.environment, err = server.describe(options, programs, definitions); err != nil {
		return nil, errors.Join(err, server.removeScratch())
	}
	if server.Config, err = server.environment.Start(); err != nil {
		err = fmt.Errorf("starting the Kubernetes API: %w", err)
		if server.Config == nil {
			// If there is no access, the servers themselves are at fault, and only they know why.
			err = fmt.Errorf("%w\nthe end of etcd's log:\n%s\nthe end of kube-apiserver's log:\n%s",
				err, server.etcdLog, server.apiServerLog)
		}
		return nil, errors.Join(err, server.Stop())
	}
	server.Kubeconfig = server.environment.KubeConfig
	return server, nil
}

// Stop ends the API server, then etcd, and removes their temporary files. It returns when both are gone.
func (s *Server) Stop() error {
	err := s.environment.Stop()
	if err != nil {
		err = fmt.Errorf("stopping the Kubernetes API: %w", err)
	}
	return errors.Join(err, s.removeScratch())
}

func (s *Server) removeScratch() error {
	if err := os.RemoveAll(s.scratch); err != nil {
		return fmt.Errorf("removing the temporary files of the Kubernetes API: %w", err)
	}
	return nil
}

func (s *Server) describe(options Options, programs, definitions string) (*envtest.Environment, error) {
	certificates := filepath.Join(s.scratch, "certificates")
	data := options.DataDir
	if data == "" {
		data = filepath.Join(s.scratch, "etcd")
	}
	for _, folder := range []string{certificates, data} {
		// etcd warns about data that others may read. The other folder has private keys.
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("making the data folder of the Kubernetes API: %w", err)
		}
	}

	api := &envtest.APIServer{
		Path:    filepath.Join(programs, "kube-apiserver"),
		CertDir: certificates,
		Out:     s.apiServerLog,
		Err:     s.apiServerLog,
	}
	// On a machine without a network the API server finds no address to advertise and gives up. Nothing in here reaches it
	// through the Service that the address would be for.
	api.Configure().Set("advertise-address", "127.0.0.1").Set("endpoint-reconciler-type", "none")
	// OpenShift's API server has it. It looks at rights alone, and so refuses nothing to who has all of them.
	api.Configure().Append("enable-admission-plugins", "OwnerReferencesPermissionEnforcement")
	port := strconv.Itoa(options.Port)
	if options.Port == 0 {
		var err error
		if port, err = freePort(); err != nil {
			return nil, err
		}
	}
	api.ListenAddr = envtest.ListenAddr{Address: "127.0.0.1", Port: port}
	forClients, err := freeURL()
	if err != nil {
		return nil, err
	}
	forPeers, err := freeURL()
	if err != nil {
		return nil, err
	}
	existing := false
	environment := &envtest.Environment{
		UseExistingCluster:       &existing,
		ErrorIfCRDPathMissing:    true,
		CRDDirectoryPaths:        []string{definitions},
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
	}
	environment.ControlPlane.APIServer = api
	etcd := &envtest.Etcd{
		URL:     forClients,
		Path:    filepath.Join(programs, "etcd"),
		DataDir: data,
		Out:     s.etcdLog,
		Err:     s.etcdLog,
	}
	etcd.Configure().Set("listen-peer-urls", forPeers.String())
	environment.ControlPlane.Etcd = etcd
	environment.ControlPlane.KubectlPath = filepath.Join(programs, "kubectl")
	return environment, nil
}

// findPrograms returns the folder of etcd, kube-apiserver and kubectl: the given one, or the checkout's.
func findPrograms(checkout, folder string) (string, error) {
	if folder == "" {
		folder = filepath.Join(checkout, "bin", "kube")
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return "", fmt.Errorf("the Kubernetes API is not built (%w): run \"make kube\" in %s first", err, checkout)
		}
	}
	return folder, nil
}

// findDefinitions returns the folder of the generated resource definitions.
func findDefinitions(checkout string) (string, error) {
	folder := filepath.Join(checkout, "config", "crd", "bases")
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return "", fmt.Errorf("looking for resource definitions: %w", err)
	}
	if len(files) == 0 {
		return "", fmt.Errorf("%s holds no resource definition: run \"make manifests\" in %s first", folder, checkout)
	}
	return folder, nil
}
