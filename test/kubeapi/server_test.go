// SPDX-License-Identifier: Apache-2.0

package kubeapi_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// victimVariable makes the test binary a process that starts an API and waits to be killed.
const victimVariable = "KUBEAPI_TEST_VICTIM"

// api is used as the documentation of kubeapi.Shared tells packages to.
var api kubeapi.Shared

func TestMain(m *testing.M) {
	if os.Getenv(victimVariable) == "" {
		os.Exit(api.Run(m))
	}
	server, err := kubeapi.New(kubeapi.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(server.Config.Host)
	select {}
}

func TestServesItsVersionAndTheDefinitionsOfTheCheckout(t *testing.T) {
	client, err := discovery.NewDiscoveryClientForConfig(kubeapi.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	version, err := client.ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(version.GitVersion, "v1.") || version.Major != "1" || version.Minor == "" {
		t.Errorf("the API server calls itself %q (%q.%q), want a version of Kubernetes", version.GitVersion, version.Major, version.Minor)
	}
	served, err := client.ServerResourcesForGroupVersion("ingress.warren.dev/v1alpha1")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, resource := range served.APIResources {
		if !strings.Contains(resource.Name, "/") {
			kinds = append(kinds, resource.Kind)
		}
	}
	if diff := cmp.Diff([]string{"Ingress", "RoutePolicy", "TLSCertificate", "Task"}, kinds, sortedStrings()); diff != "" {
		t.Errorf("kinds that are served (-want +got):\n%s", diff)
	}
}

// Any process may take one of the other ports while the server starts.
func TestPortsAreNoneThatSystemsGiveOut(t *testing.T) {
	at, err := url.Parse("https://" + strings.TrimPrefix(api.Config(t).Host, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	if port, err := strconv.Atoi(at.Port()); err != nil || port < 12000 || port >= 20000 {
		t.Errorf("the API server listens on port %q, want one from 12000 to 19999", at.Port())
	}
}

func TestSharedIsOneServerWithANamespaceForEachCaller(t *testing.T) {
	first, second := api.Config(t), api.Config(t)
	if first.Host != second.Host {
		t.Errorf("two callers were given the servers %s and %s, want one", first.Host, second.Host)
	}
	if first == second {
		t.Error("two callers were given the same configuration, want copies that each may change")
	}
	if one, other := kubeapi.Namespace(t, first), kubeapi.Namespace(t, second); one == other {
		t.Errorf("two callers were given the namespace %s, want one each", one)
	}
}

func TestDataInAFolderOutliveTheServer(t *testing.T) {
	folder := t.TempDir()
	first, err := kubeapi.New(kubeapi.Options{DataDir: folder})
	if err != nil {
		t.Fatal(err)
	}
	namespace := kubeapi.Namespace(t, first.Config)
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}

	second, err := kubeapi.New(kubeapi.Options{DataDir: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := second.Stop(); err != nil {
			t.Error(err)
		}
	})
	client, err := kubernetes.NewForConfig(second.Config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{}); err != nil {
		t.Errorf("what was made before the restart: %v", err)
	}
}

func TestKubectlWorksWithTheKubeconfig(t *testing.T) {
	server, err := kubeapi.New(kubeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, server.Kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl := exec.CommandContext(t.Context(), filepath.Join(checkout, "bin", "kube", "kubectl"), "--kubeconfig", kubeconfig, "get", "wing,tasks,wcert", "-A")
	output, err := kubectl.CombinedOutput()
	if err != nil || !bytes.Contains(output, []byte("No resources found")) {
		t.Errorf("kubectl printed %q (%v), want that it found nothing", output, err)
	}
}

func TestNothingSurvivesItsProcessBeingKilled(t *testing.T) {
	victim := exec.CommandContext(t.Context(), os.Args[0])
	victim.Env = append(os.Environ(), victimVariable+"=1")
	victim.Stderr = os.Stderr
	output, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("reading the address of the API: %v", err)
	}
	address, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Wait reports that the process was killed, as it should be.
	_ = victim.Wait()

	deadline := time.Now().Add(time.Minute)
	for listens(address.Host) {
		if time.Now().After(deadline) {
			t.Fatalf("the API server still listens on %s a minute after its parent was killed", address.Host)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func listens(address string) bool {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}
