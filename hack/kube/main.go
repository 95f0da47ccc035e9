// SPDX-License-Identifier: Apache-2.0

// Command kube is a Kubernetes API without a cluster. It is etcd, kube-apiserver and kubectl in one binary, and does
// what the name says that it is called by. Linking them together costs one build and one file instead of three, which
// matters because they share most of their code. There is no scheduler, kubelet or controller: objects are stored,
// validated and watched, and nothing runs.
//
// The two servers are for tests and demonstrations. So they end when the process that started them is gone, however it
// ended. A server started by init (process 1) keeps running.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// parentPoll is how often a server looks whether its parent still lives. By the time somebody has typed the next
// command, the ports and the lock on etcd's data have to be free.
const parentPoll = 250 * time.Millisecond

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		go endWithParent(os.Getppid())
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		go endWithParent(os.Getppid())
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kubectl":
		os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
	default:
		fmt.Fprintf(os.Stderr, "%q is not a component: call this binary through a link named etcd, kube-apiserver or kubectl\n", name)
		os.Exit(2)
	}
}

// endWithParent exits once this process has another parent than the given one. Polling works on every Unix. Linux's
// parent-death signal would fire even if only the thread that forked has ended. Exiting abruptly is safe: etcd's log
// may be cut off anywhere, and the API server keeps nothing of its own.
func endWithParent(parent int) {
	if parent == 1 {
		return
	}
	for range time.Tick(parentPoll) {
		if os.Getppid() != parent {
			os.Exit(1)
		}
	}
}
