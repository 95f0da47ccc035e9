// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The names that the program has on pages.
const (
	programName = "warren-ingress"
	pluginName  = "kubectl-warren"
)

// knownCommands are the commands that may stand on pages.
type knownCommands struct {
	// program and plugin return the help of a command line, or an error if they do not take it.
	program, plugin func(args []string) (string, error)
	// targets and variables are those of the Makefile.
	targets, variables map[string]bool
	folder             string
}

var (
	makeTarget   = regexp.MustCompile(`(?m)^([A-Za-z0-9][\w./-]*):(?:[^=]|$)`)
	makeVariable = regexp.MustCompile(`(?m)^([A-Z][A-Z0-9_]*)\s*[?:]?=`)
)

// readCommands asks the program in a file, and reads the Makefile. The result has to be closed.
func readCommands(program string) (*knownCommands, error) {
	path, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("the program is not built (%w): run make build", err)
	}
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		return nil, fmt.Errorf("reading the Makefile: %w", err)
	}
	// It is the plugin by its name.
	folder, err := os.MkdirTemp("", "docs-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the plugin: %w", err)
	}
	plugin := filepath.Join(folder, pluginName)
	if err := os.Symlink(path, plugin); err != nil {
		return nil, fmt.Errorf("making the plugin: %w", err)
	}
	known := &knownCommands{program: helpOf(path), plugin: helpOf(plugin), folder: folder}
	known.readMakefile(string(makefile))
	return known, nil
}

func (k *knownCommands) close() { _ = os.RemoveAll(k.folder) } // It is in the folder for temporary files.

func (k *knownCommands) readMakefile(text string) {
	k.targets, k.variables = map[string]bool{}, map[string]bool{}
	for _, match := range makeTarget.FindAllStringSubmatch(text, -1) {
		k.targets[match[1]] = true
	}
	for _, match := range makeVariable.FindAllStringSubmatch(text, -1) {
		k.variables[match[1]] = true
	}
}

// helpOf returns a function that runs a program with --help, which has it read its flags and do nothing.
func helpOf(path string) func(args []string) (string, error) {
	return func(args []string) (string, error) {
		end := len(args)
		if i := slices.Index(args, "--"); i >= 0 {
			end = i
		}
		output, err := exec.Command(path, slices.Insert(slices.Clone(args), end, "--help")...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("%s", strings.TrimSpace(string(output)))
		}
		return string(output), nil
	}
}

// checkCommands returns the commands of a page that do not exist, or have flags that do not.
func checkCommands(p *page, known *knownCommands) (faults []fault) {
	for _, b := range p.blocks {
		for _, c := range b.commands() {
			if text := known.wrong(c.words); text != "" {
				faults = append(faults, fault{p.name, c.line, text})
			}
		}
	}
	return faults
}

// wrong says what is wrong with a command line. It returns nothing for commands of others.
func (k *knownCommands) wrong(words []string) string {
	// What follows a -- may be a command that another one runs, such as that of kubectl exec.
	if i := slices.Index(words, "--"); i >= 0 {
		if text := k.wrong(words[i+1:]); text != "" || i == 0 {
			return text
		}
	}
	if len(words) == 0 {
		return ""
	}
	switch name := filepath.Base(words[0]); {
	case name == programName:
		return wrongCall(k.program, words, words[1:])
	case name == pluginName:
		return wrongCall(k.plugin, words, words[1:])
	case name == "kubectl" && len(words) > 1 && words[1] == "warren":
		return wrongCall(k.plugin, words, words[2:])
	case name == "make":
		return k.wrongMake(words[1:])
	case slices.Contains([]string{"exec", "sudo", "time", "watch"}, name):
		return k.wrong(words[1:])
	}
	return ""
}

// ownUsage is how the help of the program itself, and of none of its commands, says how it is used.
var ownUsage = regexp.MustCompile(`(?m)^Usage:\n  (?:warren-ingress|kubectl warren) \[(?:flags|command)\]\n`)

func wrongCall(help func([]string) (string, error), words, args []string) string {
	said, err := help(args)
	if err != nil {
		return fmt.Sprintf("%s: %v", strings.Join(words, " "), err)
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") && ownUsage.MatchString(said) {
		return fmt.Sprintf("%s: there is no command %s", strings.Join(words, " "), args[0])
	}
	return ""
}

// wrongMake says which words of a call of make are neither targets nor variables.
func (k *knownCommands) wrongMake(args []string) string {
	for _, arg := range args {
		name, _, isVariable := strings.Cut(arg, "=")
		switch {
		case strings.HasPrefix(arg, "-"):
		case isVariable && !k.variables[name]:
			return "make: the Makefile has no variable " + name
		case !isVariable && !k.targets[arg]:
			return "make: the Makefile has no target " + arg
		}
	}
	return ""
}
