// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// peer is another project's proxy.
type peer struct {
	// called is its name, and its program's.
	called string
	// packaged is where Debian's package has the program. It is empty for those that Debian has not.
	packaged string
	// command starts the program: its path, with the loader before it if it is of a folder of peers.
	command []string
	// root is where the package was unpacked: / for a program on PATH.
	root string
	// program is the path. It is empty if the program is not there.
	program string
	// askVersion are the arguments to which it answers with its version.
	askVersion []string
	// files are those of a configuration, each with its template.
	files map[string]string
	// arguments returns the arguments to run with the configuration in a folder, on so many cores.
	arguments func(folder string, cores int) []string
	// environment is added to this process's.
	environment []string
	// noPolicies says why it cannot take part in the scenario of policies.
	noPolicies string
	// noConditions and noCompression are the same for the scenarios of those, and noExpressions for those of expressions,
	// snippets, fields and authentication.
	noConditions, noExpressions, noCompression string
	// noPasswords says more about the scenario of passwords, in which no peer takes part.
	noPasswords string
	// noWebSocket is the same for the scenario of WebSockets.
	noWebSocket string
}

// knownPeers are those that there are configurations for, whether they are installed or not.
func knownPeers() []*peer {
	return []*peer{
		{
			called: "nginx", packaged: "usr/sbin/nginx", askVersion: []string{"-V"},
			files: map[string]string{"nginx.conf": "nginx.conf.tmpl"},
			arguments: func(folder string, _ int) []string {
				return []string{"-p", folder, "-c", folder + "/nginx.conf", "-e", "stderr"}
			},
			noPasswords: "answers nobody while it checks a password",
		}, {
			called: "haproxy", packaged: "usr/sbin/haproxy", askVersion: []string{"-vv"},
			files:         map[string]string{"haproxy.cfg": "haproxy.cfg.tmpl", "hosts.map": "haproxy.map.tmpl"},
			arguments:     func(folder string, _ int) []string { return []string{"-db", "-f", folder + "/haproxy.cfg"} },
			noExpressions: unwritten, noCompression: unwritten,
		}, {
			called: "caddy", packaged: "usr/bin/caddy", askVersion: []string{"version"},
			files: map[string]string{"Caddyfile": "Caddyfile.tmpl"},
			arguments: func(folder string, _ int) []string {
				return []string{"run", "--adapter", "caddyfile", "--config", folder + "/Caddyfile"}
			},
			noPolicies: "has no rate limit without an extension", noConditions: unwritten, noExpressions: unwritten, noCompression: unwritten,
		}, {
			called: "traefik", askVersion: []string{"version"},
			files:        map[string]string{"traefik.yaml": "traefik.yaml.tmpl", "dynamic.yaml": "traefik-dynamic.yaml.tmpl"},
			arguments:    func(folder string, _ int) []string { return []string{"--configfile=" + folder + "/traefik.yaml"} },
			noConditions: unwritten, noExpressions: unwritten, noCompression: unwritten,
		}, {
			called: "envoy", askVersion: []string{"--version"},
			files: map[string]string{"envoy.yaml": "envoy.yaml.tmpl"},
			arguments: func(folder string, cores int) []string {
				return []string{"-c", folder + "/envoy.yaml", "--concurrency", strconv.Itoa(cores), "--disable-hot-restart", "-l", "error"}
			},
			noPolicies: "has no rate limit for each client without a service beside it", noConditions: unwritten, noExpressions: unwritten, noCompression: unwritten,
			noWebSocket: unwritten,
		},
	}
}

// unwritten says that it could, but that there is no configuration for it here.
const unwritten = "has no configuration for it here"

// findPeers returns the chosen peers that are in the folder of peers or on PATH, and the names of the chosen ones that
// are in neither.
func findPeers(o *options) (found []proxy, absent []string) {
	for _, p := range knownPeers() {
		if !chosen(o.proxies, p.called) {
			continue
		}
		if !p.findIn(o.peers) && !p.findOnPath() {
			absent = append(absent, p.called)
			continue
		}
		found = append(found, p)
	}
	return found, absent
}

// findIn says whether a folder of peers has this one. Its libraries and its loader are there, too, and belong together:
// the machine's own may be older than the program wants.
func (p *peer) findIn(folder string) bool {
	root, err := filepath.Abs(filepath.Join(folder, "root"))
	if err != nil || folder == "" || p.packaged == "" {
		return false
	}
	program := filepath.Join(root, p.packaged)
	if _, err := os.Stat(program); err != nil {
		return false
	}
	loaders, err := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu*/ld-linux*.so.*"))
	if err != nil || len(loaders) == 0 {
		return false
	}
	p.root, p.program = root, program
	p.command = []string{loaders[0], "--library-path", filepath.Dir(loaders[0]), program}
	// The machine's configuration of OpenSSL may ask for what this one has not.
	p.environment = append(p.environment, "OPENSSL_CONF="+filepath.Join(root, "etc/ssl/openssl.cnf"))
	return true
}

func (p *peer) findOnPath() bool {
	path, err := exec.LookPath(p.called)
	if err != nil {
		return false
	}
	p.root, p.program, p.command = "/", path, []string{path}
	return true
}

func (p *peer) name() string { return p.called }

// version returns what the peer says of itself, and what it does TLS by.
func (p *peer) version() string {
	said, err := exec.Command(p.command[0], slices.Concat(p.command[1:], p.askVersion)...).CombinedOutput()
	if err != nil {
		return p.called
	}
	version := p.called
	if number := versionIn(string(said)); number != "" {
		version += " " + number
	}
	if library := p.tlsLibrary(string(said)); library != "" {
		version += " with " + library
	}
	return version
}

// versionIn finds the first number with a dot. Each peer puts it in a sentence of its own.
func versionIn(said string) string {
	words := strings.FieldsFunc(said, func(r rune) bool { return strings.ContainsRune(" \t\n/", r) })
	i := slices.IndexFunc(words, func(word string) bool {
		word = strings.TrimPrefix(word, "v")
		return strings.Contains(word, ".") && word[0] >= '0' && word[0] <= '9'
	})
	if i < 0 {
		return ""
	}
	return strings.TrimPrefix(words[i], "v")
}

var tlsLibraries = regexp.MustCompile(`(OpenSSL|AWS-LC|LibreSSL|BoringSSL) [0-9][^ \n)]*`)

// tlsLibrary returns the name of what a peer does TLS by, or nothing if it does not say. A program may name the one
// that it was built with and then the one that it runs with. What is written in Go has Go's.
func (p *peer) tlsLibrary(said string) string {
	if built, err := buildinfo.ReadFile(p.program); err == nil {
		return "TLS of " + built.GoVersion
	}
	all := tlsLibraries.FindAllString(said, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

func (p *peer) cannot(s *scenario) string {
	if s.passwords {
		return cmp.Or(p.noPasswords, unwritten)
	}
	if s.policies {
		return p.noPolicies
	}
	if s.conditions {
		return p.noConditions
	}
	if s.expressions || s.snippet != "" || s.fields || s.authentication != "" {
		return p.noExpressions
	}
	if s.compression {
		return p.noCompression
	}
	if s.webSocket {
		return p.noWebSocket
	}
	return ""
}

func (p *peer) start(_ context.Context, c *configuration) (*child, error) {
	c.Root = p.root
	for file, from := range p.files {
		if err := c.render(file, from); err != nil {
			return nil, err
		}
	}
	// Caddy keeps what it remembers at home.
	environment := append([]string{"HOME=" + c.Folder, "XDG_DATA_HOME=" + c.Folder, "XDG_CONFIG_HOME=" + c.Folder, c.cores.environment()}, p.environment...)
	return c.launcher.start(c.cores, p.called, environment, slices.Concat(p.command, p.arguments(c.Folder, len(c.cores)))...)
}
