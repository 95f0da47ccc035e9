// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// outputFlag is the format of what a command prints.
type outputFlag struct {
	format  string
	formats []string
}

// The formats that there are.
const (
	formatText  = "text"
	formatTable = "table"
	formatHTML  = "html"
	formatWide  = "wide"
	formatJSON  = "json"
	formatYAML  = "yaml"
	formatName  = "name"
	formatJUnit = "junit"
)

// newOutput gives a command the flag -o. The first format is the usual one.
func newOutput(c *cobra.Command, formats ...string) *outputFlag {
	o := &outputFlag{format: formats[0], formats: formats}
	c.Flags().VarP(o, "output", "o", "`format` of what is printed: "+oneOf(formats))
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return o
}

func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// String implements pflag.Value.
func (o *outputFlag) String() string { return o.format }

// Type implements pflag.Value.
func (o *outputFlag) Type() string { return "format" }

// Set implements pflag.Value.
func (o *outputFlag) Set(s string) error {
	if !slices.Contains(o.formats, s) {
		return fmt.Errorf("write %s", oneOf(o.formats))
	}
	o.format = s
	return nil
}

// isData returns whether the format is one for programs, which values are written in as they are.
func (o *outputFlag) isData() bool { return o.format == formatJSON || o.format == formatYAML }

// write writes a value as JSON or YAML.
func (o *outputFlag) write(w io.Writer, v any) error {
	if o.format == formatYAML {
		text, err := yaml.Marshal(v)
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
