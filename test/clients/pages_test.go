// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// TestTheCommandsOfPasswordsMakeWhoGetsIn applies the object of a page and runs its commands, which make a Secret by
// programs of Debian's. Its requests are sent by curl, which prints what the page says.
func TestTheCommandsOfPasswordsMakeWhoGetsIn(t *testing.T) {
	p := publish(t, "passwords.md")
	for _, step := range p.commands {
		p.follow(step)
	}
	for _, name := range []string{"htpasswd", "openssl", "kubectl", "curl"} {
		if !slices.ContainsFunc(p.commands, func(step commandOfPage) bool { return strings.Contains(step.command, name+" ") }) {
			t.Errorf("%s was not run", name)
		}
	}
}

// published is a page whose objects are served.
type published struct {
	t           *testing.T
	folder      string
	environment []string
	commands    []commandOfPage
}

// commandOfPage is a command, and what the page says that it prints.
type commandOfPage struct{ command, printed string }

// publish applies a page's objects and serves them, with a server behind the first of its services.
func publish(t *testing.T, page string) *published {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(checkout, "docs", "recipes", page))
	if err != nil {
		t.Fatal(err)
	}
	p := &published{t: t, folder: t.TempDir()}
	p.environment = []string{
		"HOME=" + p.folder, "KUBECONFIG=" + filepath.Join(p.folder, "kubeconfig"), "PATH=" + filepath.Join(checkout, "bin", "kube") + ":" + os.Getenv("PATH"),
	}
	config := api.Config(t)
	namespace := kubeapi.Namespace(t, config)
	p.write("kubeconfig", string(api.Kubeconfig(t)))
	p.mustRun("kubectl config set-context --current --namespace=" + namespace)

	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(backend.Close)
	objects := blocks(string(text), "yaml")
	if len(objects) == 0 {
		t.Fatalf("%s has no objects", page)
	}
	_, service, _ := strings.Cut(objects[0], "serviceName: ")
	service, _, _ = strings.Cut(service, ",")
	objects = append(objects, fmt.Sprintf(`apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: %s}
spec: {serviceName: %[1]s, address: 127.0.0.1, ports: [{port: 80, targetPort: %s}]}
`, service, port(backend.Listener.Addr().String())))
	p.write("objects.yaml", strings.Join(objects, "\n---\n"))
	p.mustRun("kubectl apply -f objects.yaml")

	pair := newPair(t)
	p.write("served.crt", string(pair.Chain))
	p.write("served.key", string(pair.Key))
	p.mustRun("kubectl create secret tls served --cert=served.crt --key=served.key")
	https, health := fixture.FreeAddress(t), fixture.FreeAddress(t)
	startProcess(t, "warren-ingress", buildProgram(t), "--kubeconfig="+filepath.Join(p.folder, "kubeconfig"), "--namespace="+namespace,
		"--watch-namespaces="+namespace, "--default-certificate="+namespace+"/served", "--allow-local-tasks", "--acme=false", "--drain-delay=0s",
		"--http-address="+fixture.FreeAddress(t), "--https-address="+https, "--health-address="+health,
		"--metrics-address="+fixture.FreeAddress(t), "--admin-address="+fixture.FreeAddress(t))
	eventually(t, "the controller to be ready", func() error {
		response, err := http.Get("http://" + health + "/readyz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("it is %s", response.Status)
		}
		return nil
	})
	// curl finds every host at the controller, and trusts it.
	p.write(".curlrc", "insecure\nconnect-to = \"::"+https+"\"\n")
	for _, block := range blocks(string(text), "console") {
		for line := range strings.Lines(block + "\n") {
			last := len(p.commands) - 1
			switch command, begins := strings.CutPrefix(line, "$ "); {
			case begins:
				p.commands = append(p.commands, commandOfPage{command: command})
			case strings.HasSuffix(p.commands[last].command, "\\\n"):
				p.commands[last].command += line
			default:
				p.commands[last].printed += line
			}
		}
	}
	return p
}

// blocks returns the blocks of a page in a language.
func blocks(page, language string) (found []string) {
	for _, part := range strings.Split(page, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```")
		found = append(found, block)
	}
	return found
}

func (p *published) write(name, content string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.folder, name), []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *published) run(text string) result {
	p.t.Helper()
	return command(p.t, p.folder, p.environment, "bash", "-euo", "pipefail", "-c", text)
}

func (p *published) mustRun(text string) {
	p.t.Helper()
	if ran := p.run(text); ran.code != 0 {
		p.t.Fatalf("%s: exit %d: %s%s", text, ran.code, ran.stdout, ran.stderr)
	}
}

// follow runs a command. What curl prints may take until the controller knows of what was made before.
func (p *published) follow(step commandOfPage) {
	p.t.Helper()
	if !strings.HasPrefix(step.command, "curl ") {
		p.mustRun(step.command)
		return
	}
	eventually(p.t, step.command, func() error {
		if ran := p.run(step.command); ran.stdout != step.printed {
			return fmt.Errorf("it prints %q (%s), want %q", ran.stdout, ran.failure(), step.printed)
		}
		return nil
	})
}
