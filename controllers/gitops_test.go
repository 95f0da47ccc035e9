// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kstatus "sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// kstatusOf returns what Flux and Helm take an object in the cluster for.
func (k *testCluster) kstatusOf(kind, name string) (kstatus.Status, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	if err := k.Get(k.T.Context(), client.ObjectKey{Namespace: k.Blue, Name: name}, object); err != nil {
		return "", err
	}
	result, err := kstatus.Compute(object)
	if err != nil {
		return "", err
	}
	return result.Status, nil
}

func (k *testCluster) comesToBe(kind, name string, want kstatus.Status) {
	k.T.Helper()
	fixture.Eventually(k.T, func() error {
		got, err := k.kstatusOf(kind, name)
		if err == nil && got != want {
			err = fmt.Errorf("%s %s is taken for %s, want %s", kind, name, got, want)
		}
		return err
	})
}

func TestToolsThatWaitSeeEachObjectThroughToTheEnd(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now()
	pair := fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(100*24*time.Hour), "x.io")
	ingress, task, certificate := fixture.Ingress(k.Blue, "shop", "x.io", "api"), fixture.Task(k.Blue, "one", "api", "10.0.0.1"), kept(k.Blue, "mine-tls", false)
	k.Make(ingress, task, certificate)
	all := map[string]string{v1alpha1.IngressKind: "shop", v1alpha1.TaskKind: "one", v1alpha1.TLSCertificateKind: "mine"}
	for kind, name := range all {
		if got, err := k.kstatusOf(kind, name); err != nil || got != kstatus.InProgressStatus {
			t.Errorf("before a controller has seen it, %s %s is taken for %s (%v), want InProgress", kind, name, got, err)
		}
	}
	k.start()
	k.comesToBe(v1alpha1.IngressKind, "shop", kstatus.CurrentStatus)
	k.comesToBe(v1alpha1.TaskKind, "one", kstatus.CurrentStatus)
	k.comesToBe(v1alpha1.TLSCertificateKind, "mine", kstatus.InProgressStatus) // Its Secret is not there.
	k.Make(pair.Secret(k.Blue, "mine-tls"))
	k.comesToBe(v1alpha1.TLSCertificateKind, "mine", kstatus.CurrentStatus)

	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	kubeconfig := filepath.Join(folder, "kubeconfig")
	if err := os.WriteFile(kubeconfig, api.Kubeconfig(t), 0o600); err != nil {
		t.Fatal(err)
	}
	wait := exec.CommandContext(t.Context(), filepath.Join(checkout, "bin", "kube", "kubectl"), "--kubeconfig="+kubeconfig,
		"--cache-dir="+filepath.Join(folder, "cache"), "--namespace="+k.Blue, "wait", "--for=condition=Ready", "--timeout=1m",
		"wing/shop", "wtask/one", "wcert/mine")
	if output, err := wait.CombinedOutput(); err != nil {
		t.Errorf("kubectl wait: %v\n%s", err, output)
	}

	// Both may be of the same second. Then the first name has the path.
	other := fixture.Ingress(k.Blue, "snack", "x.io", "api")
	k.Make(other)
	k.comesToBe(v1alpha1.IngressKind, "snack", kstatus.FailedStatus) // The older one has the path.
	k.Change(other, func() { other.Spec.Rules[0].Host = "y.io" })
	k.comesToBe(v1alpha1.IngressKind, "snack", kstatus.CurrentStatus)
	k.Remove(task)
	k.comesToBe(v1alpha1.IngressKind, "shop", kstatus.InProgressStatus) // The Service is gone.
}
