// SPDX-License-Identifier: Apache-2.0

package page

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// most is how large the page may be in all, in bytes.
const most = 250 << 10

func TestThePageIsSmallAndHasNothingInline(t *testing.T) {
	size := 0
	for _, files := range []fs.FS{templates, assets} {
		err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := fs.ReadFile(files, name)
			size += len(text)
			if strings.HasSuffix(name, ".html") {
				for _, what := range []string{`(?i)\son[a-z]+=`, `(?i)<style`, `(?i)\sstyle=`, `(?i)javascript:`, `(?i)<script[^>]*>[^<]`, `(?i)(src|href)="?(https?:)?//`} {
					if found := regexp.MustCompile(what).FindString(string(text)); found != "" {
						t.Errorf("%s has %q, which the policy refuses", name, found)
					}
				}
			}
			if strings.HasSuffix(name, ".js") {
				for _, what := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser", "createContextualFragment", "srcdoc"} {
					if strings.Contains(string(text), what) {
						t.Errorf("%s has %s, which makes markup or code of text", name, what)
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("the page has %d bytes", size)
	if size > most {
		t.Errorf("the page has %d bytes, want at most %d", size, most)
	}
}

func TestEachViewHasItsLandmarksAndItsScript(t *testing.T) {
	for _, v := range Views() {
		text := string(render(v, Frame{Replica: "r", Version: "v"}))
		for _, want := range []string{`<html lang="en">`, "<main ", "<nav ", "<header ", "<footer>", `href="#main"`, "<h1", "<title>" + v.Title, "/assets/" + v.Name + ".js", `aria-current="page">` + v.Title} {
			if !strings.Contains(text, want) {
				t.Errorf("view %s has no %s", v.Name, want)
			}
		}
		if _, err := assets.ReadFile("assets/" + v.Name + ".js"); err != nil {
			t.Errorf("view %s: %v", v.Name, err)
		}
	}
}
