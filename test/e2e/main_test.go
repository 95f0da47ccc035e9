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

// warren is the installation that all tests share. TestMain makes it and takes it away.
var warren *installation

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	kube, err := connect()
	if err != nil {
		return complain(err)
	}
	warren, err = install(ctx, kube)
	if err != nil {
		return complain(errors.Join(err, kube.leave(warren, true)))
	}
	// Tests do not know of signals: without this an interrupted run would leave everything behind.
	interrupted := context.AfterFunc(ctx, func() {
		os.Exit(complain(errors.Join(errors.New("interrupted"), kube.leave(warren, false))))
	})
	code = m.Run()
	if !interrupted() {
		select {} // the function above ends the process
	}
	if err := kube.leave(warren, code != 0); err != nil {
		return complain(err)
	}
	return code
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}

// leave takes away what the tests and the installation made. After a failure it shows what the controller had to say
// before that, or leaves everything where it is if E2E_KEEP says so.
func (k *cluster) leave(i *installation, failed bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if i == nil {
		return nil
	}
	if failed {
		i.printLogs(ctx)
		if os.Getenv("E2E_KEEP") != "" {
			fmt.Fprintln(os.Stderr, "e2e: E2E_KEEP is set: nothing is taken away")
			return nil
		}
	}
	return errors.Join(k.removeScenes(ctx), i.uninstall(ctx))
}
