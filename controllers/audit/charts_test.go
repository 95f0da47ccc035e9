// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/audit"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/manifests"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/test/fixture"
)

var update = flag.Bool("update", false, "write the table of docs/nginx-charts.md anew")

const (
	chartsPage  = "../../docs/nginx-charts.md"
	chartsBegin = "<!-- What follows is made from controllers/audit/testdata/charts by \"go test ./controllers/audit -update\". -->\n"
	chartsEnd   = "<!-- The end of what is made. -->\n"
	// leastCharts is how many manifests there have to be.
	leastCharts = 40
)

// chart is a manifest of a public chart, with other names.
type chart struct {
	name, title, ask string
	objects          []client.Object
}

func readCharts(t *testing.T) (list []chart) {
	t.Helper()
	files, err := filepath.Glob("testdata/charts/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitN(string(content), "\n", 3)
		c := chart{name: strings.TrimSuffix(filepath.Base(file), ".yaml"), title: strings.TrimSuffix(strings.TrimPrefix(lines[0], "# "), ".")}
		var ok bool
		if c.ask, ok = strings.CutPrefix(lines[1], "# ask: "); !ok {
			t.Fatalf("%s asks for nothing", file)
		}
		set, err := manifests.Read([]string{manifests.Stdin}, strings.NewReader(string(content)), manifests.Options{Uses: sources.Uses})
		if err != nil || len(set.Faults) > 0 {
			t.Fatal(file, err, set.Faults)
		}
		c.objects = set.Objects
		list = append(list, c)
	}
	return list
}

// What people write is audited and served as the page says.
func TestChartsAreServedAsThePageSays(t *testing.T) {
	list := readCharts(t)
	if len(list) < leastCharts {
		t.Errorf("there are %d manifests, want at least %d", len(list), leastCharts)
	}
	var b strings.Builder
	b.WriteString("\n| manifest | verdict | what differs | a request | what becomes of it |\n|---|---|---|---|---|\n")
	counts := make(map[audit.Verdict]int)
	for i := range list {
		c := &list[i]
		r := audited(t, c.objects, translate.Options{})
		verdict := audit.Same
		for _, v := range audit.Verdicts {
			if r.Counts[v] > 0 {
				verdict = v
			}
		}
		counts[verdict]++
		fmt.Fprintf(&b, "| %s (`%s`) | %s | %s | `%s` | `%s` |\n", c.title, c.name, verdict, strings.ReplaceAll(whatDiffers(r), "|", `\|`), strings.ReplaceAll(c.ask, " | ", ", "), c.serve(t))
	}
	fmt.Fprintf(&b, "\nOf %d manifests", len(list))
	for _, v := range audit.Verdicts {
		if counts[v] > 0 {
			fmt.Fprintf(&b, ", %d have the verdict %s", counts[v], v)
		}
	}
	b.WriteString(".\n\n")
	content, err := os.ReadFile(chartsPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(content), chartsBegin)
	made, after, ok2 := strings.Cut(rest, chartsEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", chartsPage)
	}
	if *update {
		if err := os.WriteFile(chartsPage, []byte(before+chartsBegin+b.String()+chartsEnd+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if made != b.String() {
		t.Errorf("the table of %s is not what becomes of the manifests: run go test ./controllers/audit -update, and read what has changed:\n%s", chartsPage, b.String())
	}
}

// whatDiffers says in a cell what differs.
func whatDiffers(r *audit.Report) string {
	var closes, nothing, parts []string
	quoted := func(name string) string { return "`" + name + "`" }
	for i := range r.Ingresses {
		for _, a := range r.Ingresses[i].Annotations {
			switch {
			case a.Verdict == audit.Closes:
				closes = append(closes, quoted(a.Name))
			case a.Fate == audit.DidNothing, a.Fate == audit.Unknown, a.Fate == nginx.NeverExisted.String():
				nothing = append(nothing, quoted(a.Name))
			case a.Verdict == audit.Differs:
				text, _, _ := strings.Cut(a.Text, ": write ")
				parts = append(parts, quoted(a.Name)+": "+text)
			}
		}
		for _, f := range r.Ingresses[i].Findings {
			if f.Verdict != audit.Same && (f.Kind != audit.FindingClosed || len(closes) == 0) {
				parts = append(parts, f.Text)
			}
		}
	}
	for n := range parts {
		parts[n] = strings.TrimSuffix(parts[n], ".")
	}
	if len(closes) > 0 {
		parts = append([]string{"Closed by " + strings.Join(closes, ", ")}, parts...)
	}
	if len(nothing) > 0 {
		parts = append(parts, "Never did anything: "+strings.Join(nothing, ", "))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ". ")
}

// serve has the real data plane serve the chart, and returns what becomes of its request.
func (c *chart) serve(t *testing.T) string {
	t.Helper()
	return ask(t, c.start(t), c.ask)
}

// start has the real data plane serve the chart, with a server for each Service. It returns the address.
func (c *chart) start(t *testing.T) (address string) {
	t.Helper()
	p, address := fixture.StartProxyWith(t, proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	objects := slices.Clone(c.objects)
	for _, o := range c.objects {
		if service, ok := o.(*corev1.Service); ok {
			objects = append(objects, c.endpoints(t, service))
		}
	}
	in, _, err := sources.InputOf(objects, translate.Options{IngressClass: "warren", AllowLocalTasks: true}, gatewayapi.Options{}, nginx.Options{Class: "nginx"})
	if err != nil {
		t.Fatal(err)
	}
	snapshot, _ := translate.Build(in)
	if _, err := p.Apply(snapshot); err != nil {
		t.Fatal(c.name, err)
	}
	return address
}

// endpoints returns the endpoint of a Service: a server that speaks what the Ingresses of the chart say, and tells what
// it was asked.
func (c *chart) endpoints(t *testing.T, service *corev1.Service) *discoveryv1.EndpointSlice {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		w.Header().Set("X-Service", service.Name)
		w.Header().Set("X-Target", request.RequestURI)
	}))
	protocol := ""
	for _, o := range c.objects {
		if object, ok := o.(*networkingv1.Ingress); ok && uses(object, service.Name) {
			protocol = object.Annotations[nginx.Prefix+"backend-protocol"]
		}
	}
	switch protocol {
	case "HTTPS":
		server.StartTLS()
	case "GRPC":
		server.Config.Protocols = new(http.Protocols)
		server.Config.Protocols.SetUnencryptedHTTP2(true)
		server.Start()
	default:
		server.Start()
	}
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	number, _ := strconv.Atoi(port)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: service.Namespace, Name: service.Name, Labels: map[string]string{discoveryv1.LabelServiceName: service.Name}},
		AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"127.0.0.1"}}},
	}
	for i := range service.Spec.Ports {
		slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: &service.Spec.Ports[i].Name, Port: new(int32(number)), Protocol: new(corev1.ProtocolTCP)})
	}
	return slice
}

// uses returns whether a path of an Ingress leads to a Service.
func uses(object *networkingv1.Ingress, service string) bool {
	return slices.ContainsFunc(object.Spec.Rules, func(r networkingv1.IngressRule) bool {
		return slices.ContainsFunc(r.HTTP.Paths, func(p networkingv1.HTTPIngressPath) bool { return p.Backend.Service.Name == service })
	})
}

// ask sends "METHOD host/path", or "host/path" for GET, with fields behind " | ". "https" among them is a client that
// came over HTTPS to a trusted proxy, and "content N" is N bytes of content. It returns the service and path that
// answered, or the status with where the client is sent, or why it is refused.
func ask(t *testing.T, address, what string) string {
	t.Helper()
	parts := strings.Split(what, " | ")
	method, url, ok := strings.Cut(parts[0], " ")
	if !ok {
		method, url = http.MethodGet, parts[0]
	}
	host, target, _ := strings.Cut(url, "/")
	head, content := fmt.Sprintf("%s /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, target, host), ""
	for _, field := range parts[1:] {
		if length, ok := strings.CutPrefix(field, "content "); ok {
			n, _ := strconv.Atoi(length)
			content, field = strings.Repeat("x", n), "Content-Length: "+length
		}
		if field == "https" {
			field = "X-Forwarded-Proto: https"
		}
		head += field + "\r\n"
	}
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(fixture.Patience))
	go func() { _, _ = io.WriteString(connection, head+"\r\n"+content) }()
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	status := strconv.Itoa(response.StatusCode)
	reason, _, _ := strings.Cut(string(body), ":")
	if strings.HasPrefix(reason, "<") {
		reason = "" // a page
	}
	switch location := response.Header.Get("Location"); {
	case response.Header.Get("X-Service") != "":
		return status + " by " + response.Header.Get("X-Service") + ", asked for " + response.Header.Get("X-Target")
	case location != "":
		return status + " to " + location
	case response.StatusCode >= http.StatusBadRequest:
		return strings.TrimSpace(status + " " + strings.TrimSpace(reason))
	}
	return status
}
