// Command kube is a Kubernetes API without a cluster: etcd, kube-apiserver and kubectl in one binary, chosen by the
// name it is called by. Linking them together costs one build and one file instead of three, which matters because all
// three share most of their code. It has no scheduler, kubelet or controllers: objects are stored, validated and
// watched, and nothing runs.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kubectl":
		os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
	default:
		fmt.Fprintf(os.Stderr, "%q is not a component: call this binary through a link named etcd, kube-apiserver or kubectl\n", name)
		os.Exit(2)
	}
}
