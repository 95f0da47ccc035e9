// SPDX-License-Identifier: Apache-2.0

//go:build snippets

package nginx_test

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/test/fixture"
)

// What is in this file makes a configuration of nginx from objects, as the controller of ingress-nginx and its template
// did (main of 19 March 2026). What they leave to Lua, the redirect to HTTPS and the choice of a canary, is written as
// maps.

// theirServer is a server of nginx.
type theirServer struct {
	host      string
	aliases   []string
	www, tls  bool
	locations []*theirLocation
}

// theirLocation is a location of nginx. It has no service if the controller's default backend answers, with 404.
type theirLocation struct {
	path    string
	exact   bool
	ingress *networkingv1.Ingress
	service string
	// nobodys is set for the location of the root, until an Ingress has that.
	nobodys bool
}

// theirs is the configuration of all servers.
type theirs struct {
	servers []*theirServer
	// canaries has the canary of each service.
	canaries map[string]*networkingv1.Ingress
	instead  map[string]string
}

func annotation(of *networkingv1.Ingress, name string) string {
	if of == nil {
		return ""
	}
	return of.Annotations[nginx.Prefix+name]
}

func isOn(of *networkingv1.Ingress, name string, unsaid bool) bool {
	on, err := strconv.ParseBool(annotation(of, name))
	if err != nil {
		return unsaid
	}
	return on
}

// theirsOf does what getBackendServers, createServers and mergeAlternativeBackends did.
func theirsOf(t *testing.T, objects []object) *theirs {
	t.Helper()
	var list []*networkingv1.Ingress
	for _, o := range objects {
		list = append(list, o.ingress(t))
	}
	list = nginx.ByAge(list)
	c := &theirs{canaries: map[string]*networkingv1.Ingress{}, instead: map[string]string{}}
	c.servers = []*theirServer{{host: "_", locations: []*theirLocation{{path: "/", nobodys: true}}}}
	for _, of := range list {
		if isOn(of, "canary", false) {
			continue
		}
		root := ""
		if b := of.Spec.DefaultBackend; b != nil {
			root = b.Service.Name
			if first := c.servers[0].locations[0]; first.nobodys && len(of.Spec.Rules) == 0 {
				first.nobodys, first.service = false, root
			}
		}
		for _, rule := range of.Spec.Rules {
			if host := cmp.Or(rule.Host, "_"); c.server(host) == nil {
				c.servers = append(c.servers, &theirServer{host: host, locations: []*theirLocation{{path: "/", nobodys: true, service: root, ingress: of}}})
			}
		}
	}
	for _, of := range list {
		if isOn(of, "canary", false) {
			continue
		}
		for _, rule := range of.Spec.Rules {
			s := c.server(cmp.Or(rule.Host, "_"))
			s.tls = s.tls || len(of.Spec.TLS) > 0 && s.host != "_" // whose names have no certificate of their own
			if len(s.aliases) == 0 {
				s.aliases = strings.FieldsFunc(annotation(of, "server-alias"), func(r rune) bool { return r == ',' || r == ' ' })
			}
			for _, path := range rule.HTTP.Paths {
				s.add(of, &path)
			}
		}
	}
	for _, of := range list {
		if isOn(of, "canary", false) {
			c.merge(of)
		}
	}
	for _, s := range c.servers {
		s.aliases = slices.DeleteFunc(s.aliases, func(name string) bool { return c.server(name) != nil })
		s.complete()
	}
	return c
}

func (c *theirs) server(host string) *theirServer {
	if i := slices.IndexFunc(c.servers, func(s *theirServer) bool { return s.host == host }); i >= 0 {
		return c.servers[i]
	}
	return nil
}

// add adds a path of an Ingress. The first with the path and its type has it.
func (s *theirServer) add(of *networkingv1.Ingress, path *networkingv1.HTTPIngressPath) {
	l := &theirLocation{path: cmp.Or(path.Path, "/"), exact: *path.PathType == networkingv1.PathTypeExact, ingress: of, service: path.Backend.Service.Name}
	s.www = s.www || isOn(of, "from-to-www-redirect", false)
	for i, other := range s.locations {
		switch {
		case other.path != l.path:
		case other.exact != l.exact:
			s.locations = append(s.locations, l)
			return
		case other.nobodys:
			s.locations[i] = l
			return
		default:
			return
		}
	}
	s.locations = append(s.locations, l)
}

// merge has a canary share what goes to the services that have its places.
func (c *theirs) merge(of *networkingv1.Ingress) {
	for _, rule := range of.Spec.Rules {
		s := c.server(rule.Host)
		if s == nil {
			continue
		}
		for _, path := range rule.HTTP.Paths {
			service := path.Backend.Service.Name
			for _, l := range s.locations {
				if l.service == service {
					break
				}
				if l.service == "" || l.path != path.Path || l.exact != (*path.PathType == networkingv1.PathTypeExact) || c.canaries[l.service] != nil {
					continue
				}
				c.canaries[l.service], c.instead[l.service] = of, service
			}
		}
	}
}

func (l *theirLocation) rewrites() bool {
	target := annotation(l.ingress, "rewrite-target")
	return target != "" && target != l.path
}

// complete orders the locations, and makes two of a Prefix.
func (s *theirServer) complete() {
	slices.SortStableFunc(s.locations, func(a, b *theirLocation) int {
		return cmp.Or(cmp.Compare(len(b.path), len(a.path)), cmp.Compare(b.path, a.path))
	})
	var list []*theirLocation
	for _, l := range s.locations {
		list = append(list, l)
		if l.path == "/" || l.exact || l.rewrites() || isOn(l.ingress, "use-regex", false) {
			continue
		}
		if taken := slices.ContainsFunc(s.locations, func(o *theirLocation) bool { return o.exact && o.path == l.path }); !taken {
			exact := *l
			exact.exact = true
			list = append(list, &exact)
		}
		l.path = strings.TrimSuffix(l.path, "/") + "/"
	}
	s.locations = list
}

// configuration writes nginx's configuration, for the services at their addresses.
func (c *theirs) configuration(folder string, port int, backends map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `daemon off;
master_process off;
pid %[1]s/pid;
error_log %[1]s/error.log error;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  variables_hash_bucket_size 256;
  map $http_x_forwarded_proto $asked_scheme { default $http_x_forwarded_proto; "" $scheme; }
  map $http_host $only_host { default $http_host; "~^(?<before_port>[^:]+):" $before_port; }
  map $request_uri $without_slash { default $request_uri; "~^(?<before_slash>.*)/$" $before_slash; }
`, folder)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range backends {
			if !yield(name) {
				return
			}
		}
	}) {
		fmt.Fprintf(&b, "  upstream %s { server %s; }\n", name, backends[name])
		c.choose(&b, name)
	}
	for _, s := range c.servers {
		if !s.www {
			continue
		}
		from, cut := strings.CutPrefix(s.host, "www.")
		if !cut {
			from = "www." + s.host
		}
		if c.server(from) == nil { // Its port is left out: ingress-nginx wrote one, which is a fault of its own.
			fmt.Fprintf(&b, "  server { listen 127.0.0.1:%d; server_name %s; return 308 $asked_scheme://%s$without_slash; }\n", port, from, s.host)
		}
	}
	for _, s := range c.servers {
		s.write(&b, port)
	}
	b.WriteString("}\n")
	return b.String()
}

// choose writes the maps that choose between a service and its canary, in the variable of the service's name.
func (c *theirs) choose(b *strings.Builder, service string) {
	of := c.canaries[service]
	if of == nil {
		fmt.Fprintf(b, "  map $host $to_%s { default %s; }\n", service, service)
		return
	}
	other := c.instead[service]
	weight, _ := strconv.Atoi(annotation(of, "canary-weight"))
	total, _ := strconv.Atoi(annotation(of, "canary-weight-total"))
	rest := service
	switch total = max(total, 100); weight {
	case 0:
	case total:
		rest = other
	default:
		panic("a share that is neither nothing nor all cannot be compared")
	}
	if cookie := annotation(of, "canary-by-cookie"); cookie != "" {
		fmt.Fprintf(b, "  map $cookie_%s $cookie_to_%s { default %s; \"~^always$\" %s; \"~^never$\" %s; }\n", cookie, service, rest, other, service)
		rest = "$cookie_to_" + service
	}
	header := "http_" + strings.ToLower(strings.ReplaceAll(annotation(of, "canary-by-header"), "-", "_"))
	value, pattern := annotation(of, "canary-by-header-value"), annotation(of, "canary-by-header-pattern")
	switch {
	case header == "http_":
		fmt.Fprintf(b, "  map $host $to_%s { default %s; }\n", service, rest)
	case value != "":
		fmt.Fprintf(b, "  map $%s $to_%s { default %s; \"~^%s$\" %s; }\n", header, service, rest, value, other)
	case pattern != "":
		fmt.Fprintf(b, "  map $%s $to_%s { default %s; \"~%s\" %s; }\n", header, service, rest, pattern, other)
	default:
		fmt.Fprintf(b, "  map $%s $to_%s { default %s; \"~^always$\" %s; \"~^never$\" %s; }\n", header, service, rest, other, service)
	}
}

func (s *theirServer) write(b *strings.Builder, port int) {
	name := s.host
	if domain, wildcard := strings.CutPrefix(name, "*."); wildcard {
		name = `"~^(?<subdomain>[\w-]+)\.` + strings.ReplaceAll(domain, ".", `\.`) + `$"`
	}
	listen := ""
	if s.host == "_" {
		listen = " default_server"
	}
	fmt.Fprintf(b, "  server {\n    listen 127.0.0.1:%d%s;\n    server_name %s %s;\n", port, listen, name, strings.Join(s.aliases, " "))
	expressions := slices.ContainsFunc(s.locations, func(l *theirLocation) bool { return l.rewrites() || isOn(l.ingress, "use-regex", false) })
	for _, l := range s.locations {
		if text := annotation(l.ingress, "server-snippet"); text != "" {
			b.WriteString("    " + text + "\n")
			break
		}
	}
	for _, l := range s.locations {
		if root := annotation(l.ingress, "app-root"); root != "" {
			fmt.Fprintf(b, "    if ($uri = /) { return 302 $scheme://$http_host%s; }\n", root)
		}
		l.write(b, expressions, s.tls)
	}
	b.WriteString("  }\n")
}

func (l *theirLocation) write(b *strings.Builder, expressions, tls bool) {
	how := `"` + l.path + `"`
	switch {
	case expressions:
		how = `~* "^` + l.path + `"`
	case l.exact:
		how = `= "` + l.path + `"`
	}
	fmt.Fprintf(b, "    location %s {\n      port_in_redirect off;\n      set $namespace shop; set $ingress_name \"\"; set $service_name \"%s\"; set $service_port 80;\n", how, l.service)
	for _, redirect := range []struct{ name, code string }{{"temporal-redirect", "302"}, {"permanent-redirect", "301"}} {
		if to := annotation(l.ingress, redirect.name); to != "" {
			fmt.Fprintf(b, "      return %s %s;\n", cmp.Or(annotation(l.ingress, redirect.name+"-code"), redirect.code), to)
			break
		}
	}
	if isOn(l.ingress, "force-ssl-redirect", false) || isOn(l.ingress, "ssl-redirect", true) && tls {
		target := "$without_slash"
		if isOn(l.ingress, "preserve-trailing-slash", false) {
			target = "$request_uri"
		}
		fmt.Fprintf(b, "      if ($asked_scheme = http) { return 308 https://$only_host%s; }\n", target)
	}
	if l.service == "" {
		b.WriteString("      return 404;\n    }\n")
		return
	}
	if text := annotation(l.ingress, "configuration-snippet"); text != "" {
		b.WriteString("      " + text + "\n")
	}
	fmt.Fprintf(b, "      proxy_set_header Host %s;\n", cmp.Or(annotation(l.ingress, "upstream-vhost"), "$http_host"))
	if l.rewrites() {
		fmt.Fprintf(b, "      rewrite \"(?i)%s\" %s break;\n", l.path, annotation(l.ingress, "rewrite-target"))
		if prefix := annotation(l.ingress, "x-forwarded-prefix"); prefix != "" {
			fmt.Fprintf(b, "      proxy_set_header X-Forwarded-Prefix %q;\n", prefix)
		}
	}
	fmt.Fprintf(b, "      proxy_http_version 1.1;\n      proxy_pass http://$to_%s;\n      proxy_redirect off;\n    }\n", l.service)
}

// startTheirs starts nginx as ingress-nginx would for the objects, and returns its address.
func startTheirs(t *testing.T, objects []object, backends map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	text := theirsOf(t, objects).configuration(folder, port, backends)
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	errors := filepath.Join(folder, "error.log")
	if out, err := exec.Command("nginx", "-t", "-p", folder, "-c", file, "-e", errors).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s(make snippets installs nginx)", err, out, text)
	}
	command := exec.Command("nginx", "-p", folder, "-c", file, "-e", errors)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Log(text)
		}
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	fixture.Eventually(t, func() error {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return fmt.Errorf("nginx does not answer: %w", err)
		}
		return c.Close()
	})
	return address
}

func TestNginxDecidesAsItIsWritten(t *testing.T) {
	for _, d := range decidedByNginx {
		t.Run(strings.ReplaceAll(d.name, "/", "∕"), func(t *testing.T) {
			here := serve(t, nil, d.objects)
			there := &rig{T: t, address: startTheirs(t, d.objects, here.backends), patience: here.patience}
			d.asks(there, "nginx")
			d.asks(here, "here")
		})
	}
}
