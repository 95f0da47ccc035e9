// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// makeGit makes the repositories that git's own program serves: one to push to, and one whose pushes the fronts refuse.
func (s *scene) makeGit(t *testing.T) {
	t.Helper()
	for _, name := range []string{"open", "refused"} {
		folder := filepath.Join(s.folder, "git", name+".git")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if said := steps(t, folder, nil, "git init -q --bare .", "git config http.receivepack true"); said != "done" {
			t.Fatal(said)
		}
	}
}

// noise is content that cannot be compressed.
func noise(t *testing.T, size int) []byte {
	t.Helper()
	random, err := os.Open("/dev/urandom")
	if err != nil {
		t.Fatal(err)
	}
	defer random.Close()
	content := make([]byte, size)
	if _, err := io.ReadFull(random, content); err != nil {
		t.Fatal(err)
	}
	return content
}

// gitWork is a folder in which git works with one front.
type gitWork struct {
	t            *testing.T
	folder, base string
	// branch is one that nobody else has.
	branch      string
	environment []string
}

func gitCases(s *scene) (all []scenario) {
	for _, with := range overBoth {
		version := "HTTP/1.1"
		if with == h2 {
			version = "HTTP/2"
		}
		add := func(name, want string, against []string, do func(w *gitWork) string) {
			all = append(all, over(with, name, want, against, func(t *testing.T, f *front) string {
				t.Helper()
				folder := t.TempDir()
				return do(&gitWork{t: t, folder: folder, base: f.base(with), branch: unique("branch"), environment: []string{
					"HOME=" + folder, "GIT_CONFIG_NOSYSTEM=1", "GIT_SSL_CAINFO=" + s.certificate, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
					"GIT_CONFIG_COUNT=3", "GIT_CONFIG_KEY_0=http.version", "GIT_CONFIG_VALUE_0=" + version,
					"GIT_CONFIG_KEY_1=user.email", "GIT_CONFIG_VALUE_1=nobody@example.com",
					"GIT_CONFIG_KEY_2=user.name", "GIT_CONFIG_VALUE_2=nobody",
				}})
			}))
		}
		const refused = "^error: git push .*HTTP 403.*$"
		// What is longer than 1 MiB is pushed in chunks.
		add("git push, clone and fetch", "^done$", alone, func(w *gitWork) string { return w.exchange() })
		add("git push that is refused", refused, peers, func(w *gitWork) string { return w.push("/git/refused.git", 8<<20) })
		add("git push of little that is refused", refused, peers, func(w *gitWork) string { return w.push("/git/refused.git", 100) })
		add("git clone that is denied", "^error: git clone .*403.*$", peers, func(w *gitWork) string {
			return steps(w.t, w.folder, w.environment, "git clone -q "+w.base+"/denied/open.git clone")
		})
	}
	return all
}

// push makes a repository and pushes its branch, with a file of so many bytes.
func (w *gitWork) push(repository string, size int) string {
	w.t.Helper()
	if said := steps(w.t, w.folder, w.environment, "git init -q work"); said != "done" {
		return said
	}
	work := filepath.Join(w.folder, "work")
	if err := os.WriteFile(filepath.Join(work, "noise"), noise(w.t, size), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return steps(w.t, work, w.environment, "git checkout -q -b "+w.branch, "git add noise", "git commit -q -m noise",
		"git push -q "+w.base+repository+" "+w.branch)
}

// exchange pushes a branch, clones it, pushes more, and clones the end of it.
func (w *gitWork) exchange() string {
	w.t.Helper()
	const repository = "/git/open.git"
	if said := w.push(repository, 8<<20); said != "done" {
		return said
	}
	if said := steps(w.t, w.folder, w.environment, "git clone -q -b "+w.branch+" "+w.base+repository+" clone"); said != "done" {
		return said
	}
	clone := filepath.Join(w.folder, "clone")
	if err := os.WriteFile(filepath.Join(clone, "more"), noise(w.t, 100), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return steps(w.t, clone, w.environment, "git add more", "git commit -q -m more", "git push -q origin "+w.branch,
		"git fetch -q --all", "git clone -q --depth 1 -b "+w.branch+" "+w.base+repository+" shallow")
}

func svnCases(s *scene) (all []scenario) {
	for _, with := range overHTTP1 {
		all = append(all,
			over(with, "svn checkout, commit and copy", "^done$", peers, func(t *testing.T, f *front) string {
				t.Helper()
				folder := t.TempDir()
				svn := s.svn(folder)
				at, name := s.atApache(f, with, "/svn"), unique("svn")
				if said := steps(t, folder, nil, svn+"mkdir -q -m made "+at+"/"+name, svn+"checkout -q "+at+"/"+name+" work"); said != "done" {
					return said
				}
				work := filepath.Join(folder, "work")
				for i := range 30 {
					if err := os.WriteFile(filepath.Join(work, fmt.Sprintf("noise-%d", i)), noise(t, 100<<10), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				return steps(t, work, nil, svn+"add -q --force .", svn+"commit -q -m noise", svn+"update -q", svn+"log -q",
					svn+"copy -q -m copied "+at+"/"+name+" "+at+"/"+name+"-copy", svn+"move -q -m moved "+at+"/"+name+"-copy "+at+"/"+name+"-moved",
					svn+"checkout -q "+at+"/"+name+"-moved again")
			}),
			over(with, "svn checkout that is denied", "^error: svn .*[Ff]orbidden.*$", peers, func(t *testing.T, f *front) string {
				t.Helper()
				folder := t.TempDir()
				return steps(t, folder, []string{"LC_ALL=C"}, s.svn(folder)+"checkout -q "+f.base(with)+"/denied/svn work")
			}),
		)
	}
	return all
}

// svn is the command with what it trusts, up to the subcommand.
func (s *scene) svn(folder string) string {
	return "svn --non-interactive --config-dir " + filepath.Join(folder, "config") +
		" --config-option servers:global:ssl-authority-files=" + s.certificate + " "
}
