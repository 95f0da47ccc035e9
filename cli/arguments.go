// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// arguments returns a command line as cobra reads it. Long flags may have one dash, as those of package flag have:
// cobra takes "-http-address" for "-h -t -t -p" and so on. Flags without a command are those of the command that
// serves.
func arguments(root *cobra.Command, args []string) []string {
	if len(args) > 0 && isFlag(args[0]) && !asksForHelp(args[0]) && serves(root) {
		args = append([]string{serveName}, args...)
	}
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return args // They end in what is half written.
	}
	s := spellingsOf(root)
	spelled := slices.Clone(args)
	for i := 0; i < len(spelled) && spelled[i] != "--"; i++ {
		if !isFlag(spelled[i]) {
			continue
		}
		spelled[i] = s.spell(spelled[i])
		if s.takesNext(spelled[i]) {
			i++ // which is no flag, whatever it begins with
		}
	}
	return spelled
}

func isFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

func asksForHelp(arg string) bool {
	return slices.Contains([]string{"-h", "--h", "-help", "--help"}, arg)
}

// serves returns whether the commands have the one that serves.
func serves(root *cobra.Command) bool {
	return slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == serveName })
}

// spellings are the flags of all commands. Which command is meant is not known before the flags are: what follows a
// flag may be its value.
type spellings struct {
	long  map[string]bool // whether the flag takes a value
	short map[byte]bool
}

func spellingsOf(root *cobra.Command) *spellings {
	s := &spellings{long: map[string]bool{"help": false}, short: map[byte]bool{'h': false}}
	var add func(c *cobra.Command)
	add = func(c *cobra.Command) {
		for _, flags := range []*pflag.FlagSet{c.PersistentFlags(), c.LocalFlags()} {
			flags.VisitAll(func(f *pflag.Flag) {
				s.long[f.Name] = f.NoOptDefVal == ""
				if f.Shorthand != "" {
					s.short[f.Shorthand[0]] = f.NoOptDefVal == ""
				}
			})
		}
		for _, below := range c.Commands() {
			add(below)
		}
	}
	add(root)
	return s
}

// spell returns a flag with two dashes if it is not made of letters that are flags themselves, and those with one.
func (s *spellings) spell(arg string) string {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	_, long := s.long[name]
	switch twoDashes := strings.HasPrefix(arg, "--"); {
	case twoDashes && len(name) == 1 && s.isShort(name):
		return arg[1:]
	case twoDashes, len(name) < 2, !long && s.isShort(arg[1:]):
		return arg
	}
	return "-" + arg
}

// isShort returns whether a text is letters of flags, of which the last one may be followed by its value.
func (s *spellings) isShort(text string) bool {
	for i := range len(text) {
		takes, ok := s.short[text[i]]
		if !ok || takes {
			return ok
		}
	}
	return true
}

// takesNext returns whether the argument that follows a flag is its value.
func (s *spellings) takesNext(arg string) bool {
	if name, ok := strings.CutPrefix(arg, "--"); ok {
		return s.long[name] // A name with a value behind it is none.
	}
	for i := 1; i < len(arg); i++ {
		if s.short[arg[i]] {
			return i == len(arg)-1
		}
	}
	return false
}
