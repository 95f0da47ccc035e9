// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// colour is how a text looks on a terminal.
type colour string

// Colours of the terminal's own palette, so that they suit a dark and a light one.
const (
	plain  colour = ""
	good   colour = "\x1b[32m"
	notice colour = "\x1b[33m"
	bad    colour = "\x1b[31m"
	strong colour = "\x1b[1m"

	endOfColour = "\x1b[0m"
)

// paint returns a text in a colour.
func (c colour) paint(text string) string {
	if c == plain || text == "" {
		return text
	}
	return string(c) + text + endOfColour
}

// colourFlag says when colours are written.
type colourFlag string

// bind gives a command the flag --color.
func (f *colourFlag) bind(c *cobra.Command) {
	*f = "auto"
	c.Flags().Var(f, "color", "whether there are colours: auto, always or never; auto is on a terminal, unless NO_COLOR is set")
	_ = c.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp))
}

// String implements pflag.Value.
func (f *colourFlag) String() string { return string(*f) }

// Type implements pflag.Value.
func (f *colourFlag) Type() string { return "when" }

// Set implements pflag.Value.
func (f *colourFlag) Set(s string) error {
	switch s {
	case "auto", "always", "never":
		*f = colourFlag(s)
		return nil
	}
	return errors.New("write auto, always or never")
}

// on returns whether what is written to w has colours: on a terminal, unless somebody wants none
// (https://no-color.org).
func (f *colourFlag) on(w io.Writer) bool {
	switch *f {
	case "always":
		return true
	case "never":
		return false
	}
	file, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}
