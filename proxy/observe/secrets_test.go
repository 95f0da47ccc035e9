// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSecretsInQueriesAreHidden(t *testing.T) {
	for query, want := range map[string]string{
		"":                              "",
		"?":                             "?",
		"?a=b&c":                        "?a=b&c",
		"?code=1":                       "?code=***",
		"?a=b&code=1&state=2&c=d":       "?a=b&code=***&state=***&c=d",
		"?code=1&code=2":                "?code=***&code=***",
		"?code&state=":                  "?code&state=",
		"?code=1=2?3#4":                 "?code=***",
		"?zipcode=1&codes=2&Code=3":     "?zipcode=1&codes=2&Code=3",
		"?access_token=1&&token=2&":     "?access_token=***&&token=***&",
		"?rd=/?code=1":                  "?rd=/?code=1", // no parameter of this request's
		"?X-Amz-Signature=1&x=\"\n":     `?X-Amz-Signature=***&x=\"\u000a`,
		"id_token=1&SAMLResponse=2&x=y": "id_token=***&SAMLResponse=***&x=y",
	} {
		if got := string(appendQuery(nil, []byte(query))); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
	for url, want := range map[string]string{
		"":                                "",
		"https://a/b":                     "https://a/b",
		"https://a/b?code=1&x=y":          "https://a/b?code=***&x=y",
		"https://a/b#access_token=1":      "https://a/b#access_token=***",
		"https://a/b?x=y#id_token=1&x=y":  "https://a/b?x=y#id_token=***&x=y",
		"https://a/b?token=1#token=2#x":   "https://a/b?token=***#token=***#x",
		"android-app://com.example/?code": "android-app://com.example/?code",
	} {
		if got := string(appendURL(nil, []byte(url))); got != want {
			t.Errorf("%q: got %q, want %q", url, got, want)
		}
	}
	var memory [256]byte
	query, url := []byte("?a=b&code=1&state=2&c=d"), []byte("https://a/b?code=1")
	if n := testing.AllocsPerRun(100, func() { appendURL(appendQuery(memory[:0], query), url) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSecretsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n### Secrets in queries\n")
	list, _, ok := strings.Cut(section, "\n\nWhatever else")
	if !ok {
		t.Fatal("the section has no list")
	}
	documented := make(map[string]bool)
	for _, match := range regexp.MustCompile("`([A-Za-z_-]+)`").FindAllStringSubmatch(list, -1) {
		documented[match[1]] = true
	}
	if diff := cmp.Diff(secrets, documented); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
