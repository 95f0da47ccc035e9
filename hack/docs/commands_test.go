// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/warren-dev/ingress/cli"
)

// testCommands asks the commands of this checkout. That which serves has one flag.
func testCommands() *knownCommands {
	help := func(root func(cli.Streams) *cobra.Command) func([]string) (string, error) {
		return func(args []string) (string, error) {
			var out, complaint bytes.Buffer
			command := root(cli.Streams{In: strings.NewReader(""), Out: &out, Err: &complaint})
			if code := cli.Run(context.Background(), command, append(args[:len(args):len(args)], "--help")); code != 0 {
				return "", errors.New(strings.TrimSpace(complaint.String()))
			}
			return out.String(), nil
		}
	}
	known := &knownCommands{
		program: help(func(s cli.Streams) *cobra.Command {
			serve := &cobra.Command{Run: func(*cobra.Command, []string) {}}
			serve.Flags().Bool("leader-elect", true, "")
			return cli.New("test", serve, s)
		}),
		plugin: help(func(s cli.Streams) *cobra.Command { return cli.NewPlugin("test", s) }),
	}
	known.readMakefile("ROUNDS ?= 3\nbuild: ## Build\n\techo\nbin/x: build\n")
	return known
}

func TestCommandsThatDoNotExistAreFound(t *testing.T) {
	t.Parallel()
	known := testCommands()
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"commands that there are": {
			"$ warren-ingress ls --host a.example\nwarren-ingress nothing\n$ bin/warren-ingress --leader-elect=false\n" +
				"$ kubectl warren --context c explain http://a/ -X POST \\\n    -H 'A: b'\n$ make build bin/x ROUNDS=1 -j2\n$ ls --nothing", nil},
		"no such command": {"$ warren-ingress list\n", []string{"a.md:2: warren-ingress list: there is no command list"}},
		"no such flag": {"x\n$ echo | warren-ingress ls --hots a\n",
			[]string{"a.md:3: warren-ingress ls --hots a: warren-ingress ls: unknown flag: --hots (--help describes all flags)"}},
		"a flag that only serve has": {"$ warren-ingress ls --leader-elect\n",
			[]string{"a.md:2: warren-ingress ls --leader-elect: warren-ingress ls: unknown flag: --leader-elect (--help describes all flags)"}},
		"in a further line": {"$ source \\\n  <(warren-ingress compleiton bash)\n",
			[]string{"a.md:3: warren-ingress compleiton bash: there is no command compleiton"}},
		"run by another":   {"$ kubectl exec deploy/x -- warren-ingress list\n", []string{"a.md:2: warren-ingress list: there is no command list"}},
		"of the plugin":    {"$ kubectl warren serve\n", []string{"a.md:2: kubectl warren serve: there is no command serve"}},
		"no such target":   {"$ make all\n", []string{"a.md:2: make: the Makefile has no target all"}},
		"no such variable": {"$ make build ROUND=1\n", []string{"a.md:2: make: the Makefile has no variable ROUND"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireSaid(t, checkCommands(readPage("a.md", []byte("```console\n"+test.text+"\n```\n")), known), test.want...)
		})
	}
	requireSaid(t, checkCommands(readPage("a.md", []byte("```bash\n# of a script\nmake all\n```\n")), known),
		"a.md:3: make: the Makefile has no target all")
}
