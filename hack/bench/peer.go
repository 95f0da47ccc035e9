// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"os/exec"
	"slices"
	"strings"
)

// peer is another project's proxy.
type peer struct {
	// called is its name, and its program's.
	called string
	// program is the path. It is empty if the program is not there.
	program string
	// askVersion are the arguments to which it answers with its version.
	askVersion []string
	// files are those of a configuration, each with its template.
	files map[string]string
	// arguments returns the arguments to run with the configuration in a folder.
	arguments func(folder string) []string
	// environment is added to this process's.
	environment []string
	// noPolicies says why it cannot take part in the scenario of policies.
	noPolicies string
	// noConditions and noCompression are the same for the scenarios of those, and noExpressions for those of expressions,
	// snippets, fields and authentication.
	noConditions, noExpressions, noCompression string
}

// knownPeers are those that there are configurations for, whether they are installed or not.
func knownPeers() []*peer {
	return []*peer{
		{
			called: "nginx", askVersion: []string{"-v"},
			files: map[string]string{"nginx.conf": "nginx.conf.tmpl"},
			arguments: func(folder string) []string {
				return []string{"-p", folder, "-c", folder + "/nginx.conf", "-e", "stderr"}
			},
		}, {
			called: "haproxy", askVersion: []string{"-v"},
			files:         map[string]string{"haproxy.cfg": "haproxy.cfg.tmpl", "hosts.map": "haproxy.map.tmpl"},
			arguments:     func(folder string) []string { return []string{"-db", "-f", folder + "/haproxy.cfg"} },
			noExpressions: unwritten, noCompression: unwritten,
		}, {
			called: "caddy", askVersion: []string{"version"},
			files: map[string]string{"Caddyfile": "Caddyfile.tmpl"},
			arguments: func(folder string) []string {
				return []string{"run", "--adapter", "caddyfile", "--config", folder + "/Caddyfile"}
			},
			environment: []string{oneThread},
			noPolicies:  "has no rate limit without an extension", noConditions: unwritten, noExpressions: unwritten, noCompression: unwritten,
		}, {
			called: "traefik", askVersion: []string{"version"},
			files:       map[string]string{"traefik.yaml": "traefik.yaml.tmpl", "dynamic.yaml": "traefik-dynamic.yaml.tmpl"},
			arguments:   func(folder string) []string { return []string{"--configfile=" + folder + "/traefik.yaml"} },
			environment: []string{oneThread}, noConditions: unwritten, noExpressions: unwritten, noCompression: unwritten,
		}, {
			called: "envoy", askVersion: []string{"--version"},
			files: map[string]string{"envoy.yaml": "envoy.yaml.tmpl"},
			arguments: func(folder string) []string {
				return []string{"-c", folder + "/envoy.yaml", "--concurrency", "1", "--disable-hot-restart", "-l", "error"}
			},
			noPolicies: "has no rate limit for each client without a service beside it", noConditions: unwritten, noExpressions: unwritten, noCompression: unwritten,
		},
	}
}

// unwritten says that it could, but that there is no configuration for it here.
const unwritten = "has no configuration for it here"

// oneThread makes a Go program equal to one worker of the others.
const oneThread = "GOMAXPROCS=1"

// findPeers returns the chosen peers that are on PATH, and the names of the chosen ones that are not.
func findPeers(o *options) (found []proxy, absent []string) {
	for _, p := range knownPeers() {
		if !chosen(o.proxies, p.called) {
			continue
		}
		path, err := exec.LookPath(p.called)
		if err != nil {
			absent = append(absent, p.called)
			continue
		}
		p.program = path
		found = append(found, p)
	}
	return found, absent
}

func (p *peer) name() string { return p.called }

// version finds the first number with a dot in what the peer says. Each peer puts it in a sentence of its own.
func (p *peer) version() string {
	said, err := exec.Command(p.program, p.askVersion...).CombinedOutput()
	if err != nil {
		return p.called
	}
	words := strings.FieldsFunc(string(said), func(r rune) bool { return strings.ContainsRune(" \t\n/", r) })
	i := slices.IndexFunc(words, func(word string) bool {
		word = strings.TrimPrefix(word, "v")
		return strings.Contains(word, ".") && word[0] >= '0' && word[0] <= '9'
	})
	if i < 0 {
		return p.called
	}
	return p.called + " " + strings.TrimPrefix(words[i], "v")
}

func (p *peer) cannot(s *scenario) string {
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
	return ""
}

func (p *peer) start(_ context.Context, c *configuration) (*child, error) {
	for file, from := range p.files {
		if err := c.render(file, from); err != nil {
			return nil, err
		}
	}
	// Caddy keeps what it remembers at home.
	environment := append([]string{"HOME=" + c.Folder, "XDG_DATA_HOME=" + c.Folder, "XDG_CONFIG_HOME=" + c.Folder}, p.environment...)
	return c.launcher.start(c.core, p.called, environment, append([]string{p.program}, p.arguments(c.Folder)...)...)
}
