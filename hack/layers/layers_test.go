// SPDX-License-Identifier: Apache-2.0

package layers

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	module = "github.com/warren-dev/ingress"
	root   = "../.."
)

func TestImportsRunOneWay(t *testing.T) {
	l := readList(t)
	for _, fault := range l.Check(importsOf(t)) {
		t.Error("hack/layers.txt:", fault)
	}
	page, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range l.CheckTable(string(page)) {
		t.Error("CONTRIBUTING.md:", fault)
	}
}

func readList(t *testing.T) *List {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "hack", "layers.txt"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := Read(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// importsOf returns which packages of the module import which. It leaves out what only tests import.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	// With a profile, packages that main uses are listed once more, as compiled by it.
	command := exec.Command("go", "list", "-pgo=off", "-tags=e2e,browser,hostile,fleet,clients", "-json=ImportPath,Imports", "./...")
	command.Dir, command.Stderr = root, os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var listed struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&listed); errors.Is(err, io.EOF) {
			return imports
		} else if err != nil {
			t.Fatal(err)
		}
		own := []string{}
		for _, imported := range listed.Imports {
			if name, ok := relative(imported); ok {
				own = append(own, name)
			}
		}
		name, _ := relative(listed.ImportPath)
		imports[name] = own
	}
}

func relative(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

func TestAListThatCannotBeIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ list, want string }{
		"an import from below": {"a b\nb\n", "line 1: a may import b, whose line is not above it"},
		"an import of itself":  {"a a\n", "line 1: a may import a, whose line is not above it"},
		"two lines":            {"a\n# a\na\n", "line 3: a has a line already"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Read(test.list); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestWhatDoesNotKeepToTheListIsFound(t *testing.T) {
	l, err := Read("a # the ground\nb a\nc a b\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		imports map[string][]string
		want    []string
	}{
		"all as it should be": {map[string][]string{"a": {}, "b": {"a"}, "c": {"a", "b"}}, nil},
		"an import against the list": {map[string][]string{"a": {"b"}, "b": {"a"}, "c": {"a", "b"}},
			[]string{"a imports b, which its line does not allow"}},
		"an import that is not there": {map[string][]string{"a": {}, "b": {"a"}, "c": {"b"}},
			[]string{"c does not import a, which its line allows"}},
		"a package without a line": {map[string][]string{"a": {}, "b": {"a"}, "c": {"a", "b"}, "d": {}},
			[]string{"d has no line"}},
		"a line without a package": {map[string][]string{"a": {}, "b": {"a"}}, []string{"c has a line, and is no package"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, l.Check(test.imports)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestATableThatSaysOtherwiseIsFound(t *testing.T) {
	l, err := Read("a\nb a\nhack/c a\n")
	if err != nil {
		t.Fatal(err)
	}
	const head = "| package | does | may import |\n|---|---|---|\n"
	for name, test := range map[string]struct {
		table string
		want  []string
	}{
		"all as it should be": {"| `a` | x | the standard library |\n| `b` | y | `a`, others |\n", nil},
		"another import": {"| `a` | x | `b` |\n| `b` | y | `a` |\n",
			[]string{"the table says that a may import [b], the list says []"}},
		"a row that is missing": {"| `a` | x | nothing |\n", []string{"the table has no row of b"}},
		"a row twice": {"| `a` | x | nothing |\n| `a` | x | nothing |\n| `b` | y | `a` |\n",
			[]string{"the table's row of a is one too many"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, l.CheckTable(head+test.table)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
