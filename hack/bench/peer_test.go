// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func TestPeersSayTheirVersionAndTLSLibrary(t *testing.T) {
	for name, test := range map[string]struct{ said, version, library string }{
		"nginx": {"nginx version: nginx/1.30.6\nbuilt by gcc 16.2.0 (Debian 16.2.0-3) \nbuilt with OpenSSL 3.6.5 29 Sep 2026\n",
			"1.30.6", "OpenSSL 3.6.5"},
		"nginx with another library than it was built with": {
			"nginx version: nginx/1.22.1\nbuilt with OpenSSL 3.0.15 3 Sep 2024 (running with OpenSSL 3.0.17 1 Jul 2025)\n",
			"1.22.1", "OpenSSL 3.0.17"},
		"HAProxy": {"HAProxy version 3.2.26-1 2026/10/14 - https://haproxy.org/\n" +
			"Built with OpenSSL version : OpenSSL 3.6.4 1 Sep 2026\nRunning on OpenSSL version : OpenSSL 3.6.5 29 Sep 2026\n" +
			"OpenSSL library supports TLS extensions : yes\n", "3.2.26-1", "OpenSSL 3.6.5"},
		"what says nothing of TLS":    {"v2.11.4\n", "2.11.4", ""},
		"what says nothing of itself": {"hello\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := versionIn(test.said); got != test.version {
				t.Errorf("the version is %q, want %q", got, test.version)
			}
			if got := (&peer{}).tlsLibrary(test.said); got != test.library {
				t.Errorf("the library is %q, want %q", got, test.library)
			}
		})
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := (&peer{program: self}).tlsLibrary("OpenSSL 3.6.5"), "TLS of "+runtime.Version(); got != want {
		t.Errorf("a Go program does TLS by %q, want %q", got, want)
	}
}

func TestFetchedPeersStartByTheirOwnLoader(t *testing.T) {
	folder := t.TempDir()
	library := filepath.Join(folder, "root/usr/lib/x86_64-linux-gnu")
	loader, program := filepath.Join(library, "ld-linux-x86-64.so.2"), filepath.Join(folder, "root/usr/sbin/nginx")
	write := func(file string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	found := func() *peer {
		p := &peer{called: "nginx", packaged: "usr/sbin/nginx"}
		if !p.findIn(folder) {
			return nil
		}
		return p
	}
	if p := found(); p != nil {
		t.Errorf("found %q where nothing is", p.command)
	}
	write(program)
	if p := found(); p != nil {
		t.Errorf("found %q where there is no loader", p.command)
	}
	write(loader)
	p := found()
	if p == nil {
		t.Fatal("found nothing")
	}
	if want := []string{loader, "--library-path", library, program}; !slices.Equal(p.command, want) {
		t.Errorf("it is started by %q, want %q", p.command, want)
	}
	if p := (&peer{packaged: "usr/sbin/nginx"}); p.findIn("") {
		t.Errorf("found %q in no folder", p.command)
	}
	if p := (&peer{called: "envoy"}); p.findIn(folder) {
		t.Errorf("found %q, which Debian has not", p.command)
	}
}
