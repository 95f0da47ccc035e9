// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// warren is the installation that all tests share. The first test that needs it makes it. TestMain removes it.
var warren *installation

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	kube, err := connect()
	if err != nil {
		return complain(err)
	}
	folder, err := os.MkdirTemp("", "warren-e2e-")
	if err != nil {
		return complain(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	warren = &installation{kube: kube, kustomized: &kustomization{kube: kube}, charted: &chart{kube: kube, folder: folder}}
	// Tests ignore signals. Without this, an interrupted run would leave everything behind.
	interrupted := context.AfterFunc(ctx, func() {
		os.Exit(complain(errors.Join(errors.New("interrupted"), warren.leave(false))))
	})
	code = m.Run()
	if !interrupted() {
		select {} // the function above ends the process
	}
	if err := warren.leave(code != 0); err != nil {
		return complain(err)
	}
	return code
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}

// leave removes what the tests and the installation made. After a failure it first shows the controller's logs, or
// leaves everything in place if E2E_KEEP says so.
func (i *installation) leave(failed bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if i.current == nil {
		return i.kube.removeScenes(ctx)
	}
	if failed {
		i.printLogs(ctx)
		if os.Getenv("E2E_KEEP") != "" {
			fmt.Fprintln(os.Stderr, "e2e: E2E_KEEP is set: nothing is taken away")
			return nil
		}
	}
	return errors.Join(i.kube.removeScenes(ctx), i.current.uninstall(ctx))
}
