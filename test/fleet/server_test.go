// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// server is one of the fleet.
type server struct {
	name string
	// quick is set if a quick run asks it too.
	quick bool
	// sources are Debian packages, and perhaps the words "npm" or "go".
	sources []string
	recipe
}

// recipe says how a server is started and what can be asked of it.
type recipe struct {
	// files is set if it serves the folder that it is given, and app if it has the application, below prefix.
	files, app bool
	prefix     string
	// dav and git are set for WebDAV and for a repository of Git.
	dav, git bool
	// serial is set for a server whose queue of connections is short. When it is full, Linux forgets some of them, and
	// they end in a reset, whoever asks.
	serial bool
	// start writes the configuration into the place and returns the program to run there.
	start func(p place) command
	// inetd returns the program for one connection, which is its input and output, for servers that know no sockets.
	inetd func(p place) command
	// handler is set for what answers in this process, in the place of a program.
	handler bool
}

// place is where a server runs.
type place struct {
	t *testing.T
	// port is the port of 127.0.0.1 to listen on. behind is the port of the application in this process, for servers that
	// pass requests on.
	port, behind string
	// folder is the server's own, with the files to serve in the folder www. apps is that of the applications.
	folder, apps string
	// modules is where npm's packages are.
	modules string
}

// www is the folder of files to serve.
func (p place) www() string { return filepath.Join(p.folder, "www") }

// write writes a file of the server's folder and returns its path.
func (p place) write(name, text string) string {
	p.t.Helper()
	file := filepath.Join(p.folder, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return file
}

// fill replaces the names of what a place has, such as {port}, in a configuration.
func (p place) fill(text string) string {
	return strings.NewReplacer("{port}", p.port, "{behind}", p.behind, "{folder}", p.folder, "{www}", p.www(), "{apps}", p.apps).Replace(text)
}

// give gives the folder to a user whom a server runs as, if this process can.
func (p place) give(name string) {
	p.t.Helper()
	if os.Getuid() != 0 {
		return
	}
	if output, err := exec.Command("chown", "-R", name, p.folder).CombinedOutput(); err != nil {
		p.t.Fatalf("giving the folder to %s: %v\n%s", name, err, output)
	}
}

// command is a program to run, with its arguments and what it has in its environment beside ours.
type command struct {
	arguments   []string
	environment []string
}

//go:embed servers.txt
var serverList string

// recipes has those of all servers. The files of families add to it.
var recipes = map[string]recipe{}

// fleet returns all servers.
func fleet(t *testing.T) []*server {
	t.Helper()
	var all []*server
	for line := range strings.Lines(serverList) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) < 3 || words[1] != "quick" && words[1] != "full" {
			t.Fatalf("servers.txt: %q is not a name, quick or full, and sources", strings.TrimSpace(line))
		}
		r, ok := recipes[words[0]]
		if !ok {
			t.Fatalf("servers.txt: nobody knows how to start %s", words[0])
		}
		all = append(all, &server{name: words[0], quick: words[1] == "quick", sources: words[2:], recipe: r})
	}
	for name := range recipes {
		if !slices.ContainsFunc(all, func(s *server) bool { return s.name == name }) {
			t.Fatalf("servers.txt has no line for %s", name)
		}
	}
	return all
}

// missing returns which source of the server this machine has not. It returns "" if all are there.
func (s *server) missing(modules string) string {
	for _, source := range s.sources {
		switch source {
		case "go":
		case "npm":
			if _, err := os.Stat(filepath.Join(modules, s.module())); err != nil {
				return "npm's " + s.module()
			}
		default:
			if debianVersion(source) == "" {
				return "Debian's " + source
			}
		}
	}
	return ""
}

// version returns the version of what the server comes from.
func (s *server) version(modules string) string {
	if slices.Contains(s.sources, "npm") {
		text, err := os.ReadFile(filepath.Join(modules, s.module(), "package.json"))
		var described struct{ Version string }
		if err == nil {
			err = json.Unmarshal(text, &described)
		}
		if err != nil {
			return err.Error()
		}
		return described.Version
	}
	if s.sources[0] == "go" {
		return strings.TrimPrefix(runtime.Version(), "go")
	}
	return debianVersion(s.sources[0])
}

// module is the name of npm's package, for servers from there.
func (s *server) module() string {
	if s.name == "hapi" {
		return "@hapi/hapi"
	}
	return s.name
}

// debianVersion returns the version of a package that is installed, and "" for any other.
func debianVersion(name string) string {
	output, err := exec.Command("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", name).Output()
	version, installed := strings.CutPrefix(string(output), "installed ")
	if err != nil || !installed {
		return ""
	}
	return version
}

// host is the name of the server, alone or for what has connections to itself.
func (s *server) host(label string) string {
	name := strings.ReplaceAll(s.name, ".", "-")
	if label != "" {
		name += "--" + label
	}
	return fmt.Sprintf("%s.%s", name, domain)
}

// domain is that of all hosts.
const domain = "fleet.example.com"
