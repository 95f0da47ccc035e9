// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// step is a command of a page and what the page says that it prints.
type step struct{ command, printed string }

const elided = "..."

// steps returns the commands of a page up to a heading.
func steps(page, heading string) (found []step) {
	page, _, _ = strings.Cut(page, "\n"+heading+"\n")
	for _, part := range strings.Split(page, "\n```console\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```")
		var now *step
		end := "" // the line that ends what the command is given
		for _, line := range strings.Split(block, "\n") {
			switch command, begins := strings.CutPrefix(line, "$ "); {
			case now != nil && (end != "" || strings.HasSuffix(now.command, "\\\n")):
				now.command += line + "\n"
				if line == end {
					end = ""
				}
			case begins:
				found = append(found, step{command: command + "\n"})
				now = &found[len(found)-1]
				if _, word, given := strings.Cut(command, "<<'"); given {
					end = strings.TrimSuffix(word, "'")
				}
			case now != nil:
				now.printed += line + "\n"
			}
		}
	}
	return found
}

// varying are the parts of what commands print that differ from one run to the next.
var varying = []struct {
	pattern *regexp.Regexp
	written string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\dZ)?`), "TIME"},
	{regexp.MustCompile(`\b(\d+m)?\d+s\b`), "AGE"},
	{regexp.MustCompile(`\(\d+ days\)`), "(N days)"},
	{regexp.MustCompile(`generation +\d+`), "generation N"},
	{regexp.MustCompile(`\d+ hosts are served`), "N hosts are served"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
	{regexp.MustCompile(`task web-[12]`), "task web-N"},
	{regexp.MustCompile(`task secure-app-demo-[12]`), "task secure-app-demo-N"},
	{regexp.MustCompile(`Host: hello.example.com:\d+`), "Host: hello.example.com:N"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "ID"},
	{regexp.MustCompile(` +`), " "},
}

func settled(text string) []string {
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.written)
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r", "")), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// printedAsSaid compares what a command prints with what a page says. A line of dots stands for any lines.
func printedAsSaid(said, printed string) error {
	want, got := settled(said), settled(printed)
	for i := 0; i < len(want); i++ {
		if want[i] != elided {
			if i >= len(got) || got[i] != want[i] {
				return fmt.Errorf("(-page +printed)\n%s", cmp.Diff(want, got))
			}
			continue
		}
		rest := len(want) - i - 1
		if len(got)-i < rest {
			return fmt.Errorf("(-page +printed)\n%s", cmp.Diff(want, got))
		}
		want, got, i = want[i+1:], got[len(got)-rest:], -1
		if rest == 0 {
			return nil
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("(-page +printed)\n%s", cmp.Diff(want, got))
	}
	return nil
}

// Each command of the tutorial is run where make run-acme is, and prints what the tutorial says.
func TestTheTutorialIsTrue(t *testing.T) {
	t.Parallel()
	if run := follow(t, filepath.Join("docs", "tutorial.md"), "", "## The same in a cluster"); run < 15 {
		t.Errorf("%d commands were run, want all of the tutorial", run)
	}
}

// The README's commands come to a first answer, and to HTTPS with a rate limit.
func TestTheReadmeIsTrue(t *testing.T) {
	t.Parallel()
	if run := follow(t, "README.md", "## From kubectl apply to curl", "## What is in it"); run < 15 {
		t.Errorf("%d commands were run, want all of the README's", run)
	}
}

// The page about client certificates makes them with openssl, and revokes one.
func TestThePageAboutClientCertificatesIsTrue(t *testing.T) {
	t.Parallel()
	if run := follow(t, filepath.Join("docs", "client-certificates.md"), "## Try it", "## Fields"); run < 15 {
		t.Errorf("%d commands were run, want all of the page's", run)
	}
}

// follow runs the commands of a page, from one heading on up to another one, and returns how many there were.
func follow(t *testing.T, name, from, to string) (run int) {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(checkout, name))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), from)
	if !found {
		t.Fatalf("%s has no %s", name, from)
	}
	d := demonstrate(t, "-acme")
	programs := t.TempDir()
	for _, name := range []string{"warren-ingress", "kubectl-warren"} {
		if err := os.Symlink(program.path(t), filepath.Join(programs, name)); err != nil {
			t.Fatal(err)
		}
	}
	portOf := func(address string) string { _, port, _ := net.SplitHostPort(address); return port }
	here := strings.NewReplacer(".run/", d.data+"/", ":8000", ":"+portOf(d.http), ":8443", ":"+portOf(d.https))
	for _, s := range steps(text, to) {
		if strings.HasPrefix(s.command, "make ") || strings.HasPrefix(s.command, "export ") {
			continue // That is what the test has done before.
		}
		run++
		command := exec.CommandContext(t.Context(), "bash", "-c", here.Replace(s.command))
		command.Dir = checkout
		command.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(d.data, "kubeconfig"), "HOME="+programs,
			"PATH="+strings.Join([]string{filepath.Join(checkout, "bin", "kube"), programs, os.Getenv("PATH")}, ":"))
		// Some fail, as the page says.
		printed, _ := command.CombinedOutput()
		if err := printedAsSaid(s.printed, string(printed)); err != nil {
			t.Fatalf("$ %s%v", s.command, err)
		}
	}
	return run
}

func TestWhatATutorialSaysIsComparedWithWhatIsPrinted(t *testing.T) {
	t.Parallel()
	got := steps("a\n```console\n$ one \\\n  more\nout\n$ two <<'X'\nin\n$ in\nX\n```\n## Z\n```console\n$ three\n```", "## Z")
	want := []step{{"one \\\n  more\n", "out\n"}, {"two <<'X'\nin\n$ in\nX\n", ""}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(step{})); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	for name, test := range map[string]struct {
		said, printed string
		same          bool
	}{
		"the same":                   {"a\nb\n", "a\nb\n", true},
		"another time":               {"at 2027-02-28T16:41:23Z  2s\n", "at 2026-01-01T00:00:00Z  1m10s\n", true},
		"another line":               {"a\n", "b\n", false},
		"a line more":                {"a\n", "a\nb\n", false},
		"a line less":                {"a\nb\n", "a\n", false},
		"any lines":                  {"a\n...\n", "a\nb\nc\n", true},
		"any lines in the midst":     {"a\n...\nc\n", "a\nb\nb\nc\n", true},
		"another end after any":      {"a\n...\nd\n", "a\nb\nc\n", false},
		"no end after any":           {"a\n...\na\n", "a\n", false},
		"nothing, and some is there": {"", "a\n", false},
		"another status":             {"200\n", "429\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := printedAsSaid(test.said, test.printed); (err == nil) != test.same {
				t.Errorf("got %v, want the same: %t", err, test.same)
			}
		})
	}
}
