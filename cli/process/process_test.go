// SPDX-License-Identifier: Apache-2.0

package process

import (
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: here, cluster: {server: "https://127.0.0.1:6444"}}]
users: [{name: me, user: {token: secret}}]
contexts: [{name: run, context: {cluster: here, user: me}}]
current-context: run
`

func TestANoteIsReadAsItWasWrittenAndChangesNothingElse(t *testing.T) {
	t.Parallel()
	noted, err := Note([]byte(kubeconfig), "127.0.0.1:9191")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.Load(noted)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, noted)
	}
	if got := Noted(config.Clusters["here"]); got != "127.0.0.1:9191" {
		t.Errorf("the address is %q in:\n%s", got, noted)
	}
	if config.CurrentContext != "run" || config.AuthInfos["me"].Token != "secret" || config.Clusters["here"].Server != "https://127.0.0.1:6444" {
		t.Errorf("something else changed:\n%s", noted)
	}
}

func TestWithoutANoteThereIsNoAddress(t *testing.T) {
	t.Parallel()
	config, err := clientcmd.Load([]byte(kubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"here", "elsewhere"} {
		if got := Noted(config.Clusters[name]); got != "" {
			t.Errorf("%s: the address is %q, want none", name, got)
		}
	}
}
