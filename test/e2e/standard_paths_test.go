// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
)

func TestPathsOfAStandardIngressAreComparedByTheirType(t *testing.T) {
	const exact, prefix = networkingv1.PathTypeExact, networkingv1.PathTypePrefix
	s := newScene(t)
	s.backends("exact", "foo", "aaa", "aaa-bbb", "slash-prefix", "slash-exact")
	exactHost, prefixHost, mixedHost, slashHost := "exact."+s.host(), "prefix."+s.host(), "mixed."+s.host(), "slash."+s.host()
	s.exposes(standard("path-rules",
		standardRule(exactHost, standardPath(exact, "/foo", "exact")),
		standardRule(prefixHost, standardPath(prefix, "/foo", "foo"), standardPath(prefix, "/aaa/bbb", "aaa-bbb"), standardPath(prefix, "/aaa", "aaa")),
		standardRule(mixedHost, standardPath(prefix, "/foo", "foo"), standardPath(exact, "/foo", "exact")),
		standardRule(slashHost, standardPath(prefix, "/aaa/bbb/", "slash-prefix"), standardPath(exact, "/foo/", "slash-exact")),
	))
	answersAre(t, []standardCase{
		{"exact: the path", exactHost, "/foo", "exact"},
		{"exact: with a trailing slash", exactHost, "/foo/", ""},
		{"exact: in another case", exactHost, "/FOO", ""},
		{"exact: another path", exactHost, "/bar", ""},
		{"prefix: the path", prefixHost, "/foo", "foo"},
		{"prefix: with a trailing slash", prefixHost, "/foo/", "foo"},
		{"prefix: in another case", prefixHost, "/FOO", ""},
		{"prefix: the longest of two", prefixHost, "/aaa/bbb", "aaa-bbb"},
		{"prefix: below the longest of two", prefixHost, "/aaa/bbb/ccc", "aaa-bbb"},
		{"prefix: below the shorter one alone", prefixHost, "/aaa/ccc", "aaa"},
		{"prefix: part of a segment", prefixHost, "/aaaccc", ""},
		{"mixed: exact goes before prefix", mixedHost, "/foo", "exact"},
		{"mixed: what exact does not match", mixedHost, "/foo/", "foo"},
		{"a prefix that ends with a slash: without it", slashHost, "/aaa/bbb", "slash-prefix"},
		{"a prefix that ends with a slash: with it", slashHost, "/aaa/bbb/", "slash-prefix"},
		{"an exact path that ends with a slash: without it", slashHost, "/foo", ""},
		{"an exact path that ends with a slash: with it", slashHost, "/foo/", "slash-exact"},
	})
}
