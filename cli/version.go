// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// versions is what a program says of itself.
type versions struct {
	Version   string `json:"version"`
	GoVersion string `json:"goVersion"`
	Platform  string `json:"platform"`
}

func (p *program) printVersion() *cobra.Command {
	c := &cobra.Command{
		Use: "version", Short: "Print the version of this program",
		Args: arity(0, 0, "nothing behind version"),
	}
	output := newOutput(c, formatText, formatJSON, formatYAML)
	c.RunE = func(*cobra.Command, []string) error {
		if output.isData() {
			return output.write(p.streams.Out, versions{p.version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
		}
		_, err := fmt.Fprintln(p.streams.Out, "warren-ingress", p.version)
		return err
	}
	return c
}
