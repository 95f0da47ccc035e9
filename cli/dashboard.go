// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

// replicaPath is what a replica says of itself. One without it has no page.
const replicaPath = "/api/v1/replica"

func (p *program) dashboard() *cobra.Command {
	var open bool
	var port uint16
	c := &cobra.Command{
		Use: "dashboard", Short: "Print the address of a replica's page, and open it",
		Long: `Prints the address of a replica's page, which shows what is served, what goes wrong and why. Nothing on it changes anything.

For a replica in a Pod it forwards a port of this machine, until it is interrupted, and wants the right to create pods/portforward.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse{fmt.Errorf("unexpected argument %q: dashboard has only flags", args[0])}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&open, "open", false, "also open it in the browser")
	if p.isPlugin() {
		c.Flags().Uint16Var(&port, "port", 0, "`port` of this machine to forward (default one that is free)")
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		from, err := p.find(c.Context())
		if err != nil {
			return err
		}
		show := func(address string) error { return p.showPage(c.Context(), address, open) }
		if in, ok := from.(*pod); ok {
			return in.forward(c.Context(), port, func(address string) error {
				p.note("the page of %s in namespace %s is there until you interrupt this", in.name, in.namespace)
				return show(address)
			})
		}
		at, ok := from.(*admin)
		if !ok {
			return errors.New("the replica has no address")
		}
		if _, err := at.ask(c.Context(), replicaPath, nil); err != nil {
			return err
		}
		return show(at.address)
	}
	return c
}

// showPage prints the address of a page, and opens it if that is wanted.
func (p *program) showPage(ctx context.Context, address string, open bool) error {
	url := "http://" + address + "/"
	if _, err := fmt.Fprintln(p.streams.Out, url); err != nil || !open {
		return err
	}
	opener := map[string][]string{"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"}}[runtime.GOOS]
	if opener == nil {
		opener = []string{"xdg-open"}
	}
	if err := exec.CommandContext(ctx, opener[0], append(opener[1:], url)...).Run(); err != nil {
		p.note("%s does not open it: %v", opener[0], err)
	}
	return nil
}

// forwarding is the line in which kubectl says that a port is forwarded.
var forwarding = regexp.MustCompile(`^Forwarding from (\S+) ->`)

// forward forwards a port of this machine to the replica's admin address, until ctx ends. 0 is for one that is free. It
// calls ready with the address here.
func (p *pod) forward(ctx context.Context, port uint16, ready func(address string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, remote, err := net.SplitHostPort(cmp.Or(p.admin, defaultAdminAddress))
	if err != nil {
		return fmt.Errorf("%s has the admin address %q, which has no port: %w", p.name, p.admin, err)
	}
	ports := ":" + remote
	if port != 0 {
		ports = fmt.Sprintf("%d:%s", port, remote)
	}
	arguments := p.kubectl.arguments("port-forward", "--namespace="+p.namespace, "--address=127.0.0.1", p.name, ports)
	program := exec.CommandContext(ctx, "kubectl", arguments...)
	var said strings.Builder
	program.Stderr = &said
	out, err := program.StdoutPipe()
	if err != nil {
		return err
	}
	if err := program.Start(); err != nil {
		return fmt.Errorf("running kubectl: %w", err)
	}
	address := ""
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		if found := forwarding.FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
		}
	}
	drained := make(chan struct{})
	go func() { // It says each connection, and stands still if nobody reads that. A browser may take ready as long as it is open.
		defer close(drained)
		_, _ = io.Copy(io.Discard, out)
	}()
	var failed error
	if address != "" {
		if failed = ready(address); failed != nil {
			cancel()
		}
	}
	<-drained
	err = program.Wait()
	switch {
	case failed != nil:
		return failed
	case ctx.Err() != nil:
		return nil // Somebody interrupted it.
	case err != nil:
		return fmt.Errorf("forwarding a port to %s in namespace %s: %w", p.name, p.namespace, &kubectlError{said: withoutLog(said.String())})
	}
	return nil
}
