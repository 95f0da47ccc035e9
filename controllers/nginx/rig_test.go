// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/test/fixture"
)

// The rig in this file serves Ingresses through the real data plane. Each Service that they name has a server that
// tells what it was asked.

// configMap is ingress-nginx's.
var configMap = types.NamespacedName{Namespace: "ingress-nginx", Name: "controller"}

// object is an Ingress of a test: a host, paths such as "Prefix /foo -> web", and annotations such as "use-regex:
// true", which have the prefix of ingress-nginx unless they have one.
type object struct {
	name, host, paths string
	annotations       []string
	tls               []string
	defaultBackend    string
	minutes           int
}

// ingress returns the object as Kubernetes has it. It is the older, the fewer minutes it has.
func (o object) ingress(t *testing.T) *networkingv1.Ingress {
	t.Helper()
	made := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: o.name, UID: types.UID(o.name), Generation: 1, Annotations: map[string]string{},
		CreationTimestamp: metav1.NewTime(time.Date(2026, 1, 1, 0, o.minutes, 0, 0, time.UTC)),
	}}
	made.Spec.IngressClassName = new("nginx")
	for _, a := range o.annotations {
		name, value, ok := strings.Cut(a, ": ")
		if !ok {
			t.Fatalf("annotation %q has no value", a)
		}
		if !strings.Contains(name, "/") {
			name = nginx.Prefix + name
		}
		made.Annotations[name] = strings.Trim(value, `"`)
	}
	if o.paths != "" {
		rule := networkingv1.IngressRule{Host: o.host}
		rule.HTTP = &networkingv1.HTTPIngressRuleValue{}
		for path := range strings.SplitSeq(o.paths, "; ") {
			kind, rest, _ := strings.Cut(path, " ")
			at, service, ok := strings.Cut(rest, " -> ")
			if !ok {
				t.Fatalf("path %q has no service", path)
			}
			p := networkingv1.HTTPIngressPath{Path: at, PathType: new(networkingv1.PathType(kind)), Backend: backend(service)}
			if kind == "Specific" {
				p.PathType = new(networkingv1.PathTypeImplementationSpecific)
			}
			rule.HTTP.Paths = append(rule.HTTP.Paths, p)
		}
		made.Spec.Rules = append(made.Spec.Rules, rule)
	} else if o.host != "" {
		made.Spec.Rules = append(made.Spec.Rules, networkingv1.IngressRule{Host: o.host})
	}
	if len(o.tls) > 0 {
		made.Spec.TLS = []networkingv1.IngressTLS{{Hosts: o.tls}}
	}
	if o.defaultBackend != "" {
		made.Spec.DefaultBackend = new(backend(o.defaultBackend))
	}
	return made
}

// backend returns port 80 of a service, or the port with the name behind a colon.
func backend(service string) networkingv1.IngressBackend {
	service, name, named := strings.Cut(service, ":")
	port := networkingv1.ServiceBackendPort{Number: 80}
	if named {
		port = networkingv1.ServiceBackendPort{Name: name}
	}
	return networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: service, Port: port}}
}

// rig is a data plane that serves objects.
type rig struct {
	*testing.T
	address string
	proxy   *proxy.Proxy
	reports []translate.Report
	// backends are the addresses of the services.
	backends map[string]string
	// copies has what mirrors were asked, as in "GET /x of shadow with 3 bytes". held has a value for each request for
	// /hold, which is answered once released is closed, which release does.
	copies, held chan string
	released     chan struct{}
	// connections is how many the servers have taken.
	connections atomic.Int32
	release     func()
	// patience is how long an answer may take.
	patience time.Duration
}

// serve serves objects, with the data of ingress-nginx's ConfigMap, nil for none. Other ConfigMaps are among more. It
// trusts its clients to be proxies.
func serve(t *testing.T, data map[string]string, objects []object, more ...client.Object) *rig {
	t.Helper()
	return serveTrusting(t, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, data, objects, more...)
}

// serveTrusting is serve for other trusted proxies.
func serveTrusting(t *testing.T, trusted []netip.Prefix, data map[string]string, objects []object, more ...client.Object) *rig {
	t.Helper()
	r := &rig{T: t, backends: make(map[string]string), copies: make(chan string, 100), held: make(chan string, 100), released: make(chan struct{}), patience: fixture.Patience}
	r.release = sync.OnceFunc(func() { close(r.released) })
	r.proxy, r.address = fixture.StartProxyWith(t, proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128, TrustedProxies: trusted})
	options := nginx.Options{Class: "nginx"}
	if data != nil {
		options.ConfigMap = configMap
		more = append(more, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: configMap.Namespace, Name: configMap.Name}, Data: data})
	}
	all := slices.Clone(more)
	for _, o := range objects {
		all = append(all, o.ingress(t))
	}
	for _, name := range []string{"web", "api", "next", "shadow", "grpc", "auth"} {
		all = append(all, r.service(name)...)
	}
	t.Cleanup(r.release)
	in, _, err := sources.InputOf(all, translate.Options{IngressClass: "warren", AllowLocalTasks: true,
		DefaultCertificate: types.NamespacedName{Namespace: "shop", Name: "default-tls"}}, gatewayapi.Options{}, options)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, reports := translate.Build(in)
	r.reports = reports
	if _, err := r.proxy.Apply(snapshot); err != nil {
		t.Fatal(err)
	}
	return r
}

// service returns a Service whose one endpoint tells what it is asked.
func (r *rig) service(name string) []client.Object {
	r.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/hold" {
			r.held <- name
			<-r.released
		}
		if name == "auth" {
			judge(w, request)
			return
		}
		content, _ := io.ReadAll(request.Body)
		if name == "shadow" {
			r.copies <- fmt.Sprintf("%s %s of %s with %d bytes", request.Method, request.RequestURI, request.Host, len(content))
		}
		w.Header().Set("X-Service", name)
		w.Header().Set("X-Target", request.RequestURI)
		w.Header().Set("X-Host", request.Host)
		w.Header().Set("X-Method", request.Method)
		w.Header().Set("X-Content", strconv.Itoa(len(content)))
		w.Header().Set("Server", "secret/1.0")
		for field, values := range request.Header {
			for _, value := range values {
				w.Header().Add("Got-"+field, value)
			}
		}
		if location := request.URL.Query().Get("location"); location != "" {
			w.Header().Set("Location", location)
		}
		if _, cookie, ok := strings.Cut(request.URL.RawQuery, "cookie="); ok {
			w.Header().Set("Set-Cookie", cookie)
		}
		if request.URL.RawQuery == "long" {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "4096")
			defer func() { _, _ = io.WriteString(w, strings.Repeat("a", 4096)) }()
		}
		if status, err := strconv.Atoi(request.URL.Query().Get("status")); err == nil {
			w.WriteHeader(status)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			r.connections.Add(1)
		}
	}
	server.Start()
	r.Cleanup(server.Close)
	r.backends[name] = server.Listener.Addr().String()
	return []client.Object{newService(name), sliceOf(name, name, portOf(server))}
}

func newService(name string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP}}}}
}

// sliceOf is a slice of a service, with one endpoint.
func sliceOf(service, name string, port int) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(port)), Protocol: new(corev1.ProtocolTCP)}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"127.0.0.1"}}},
	}
}

func portOf(server *httptest.Server) int { return server.Listener.Addr().(*net.TCPAddr).Port }

// several is a service with several endpoints, each of which answers in its own way. Over TLS if secure is set.
func several(t *testing.T, name string, secure bool, handlers ...http.HandlerFunc) []client.Object {
	t.Helper()
	all := []client.Object{newService(name)}
	for i, handler := range handlers {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			w.Header().Set("X-Service", name)
			w.Header().Set("X-Target", request.RequestURI)
			handler(w, request)
		}))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		if secure {
			server.StartTLS()
		} else {
			server.Start()
		}
		t.Cleanup(server.Close)
		all = append(all, sliceOf(name, name+"-"+strconv.Itoa(i), portOf(server)))
	}
	return all
}

// asked counts what judge was asked.
var asked atomic.Int64

// judge is the service that says who gets in: by the status in its query, with a cookie if that asks for one, and with
// fields that say who came, how it was asked, and what a field of the question was that the query names.
func judge(w http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	if query.Has("cookie") {
		w.Header().Set("Set-Cookie", "session=1")
	}
	w.Header().Set("X-User", "bob")
	w.Header().Set("X-Count", strconv.FormatInt(asked.Add(1), 10))
	w.Header().Set("X-Asked", request.Method+" "+request.Host+request.RequestURI)
	w.Header().Set("X-Saw", request.Header.Get(query.Get("see")))
	if status, err := strconv.Atoi(query.Get("status")); err == nil {
		w.WriteHeader(status)
	}
}

// users is a Secret with the user bob, whose password is test.
func users(name, key string) client.Object {
	line := "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="
	if key == "auth" {
		line = "bob:" + line
	}
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Data: map[string][]byte{key: []byte(line)}}
}

// asBob is the field by which bob says who he is.
const asBob = "Authorization: Basic Ym9iOnRlc3Q="

// refusing is a further slice of a service, whose endpoint takes no connection.
func refusing(t *testing.T, name string) client.Object {
	t.Helper()
	_, port := boundSocket(t)
	return sliceOf(name, name+"-refusing", port)
}

// deaf is a service whose endpoint neither takes nor refuses connections: its queue is full and nobody accepts.
func deaf(t *testing.T, name string) []client.Object {
	t.Helper()
	socket, port := boundSocket(t)
	if err := unix.Listen(socket, 0); err != nil {
		t.Fatal(err)
	}
	// With a backlog of 0, Linux queues one connection and leaves the others without an answer.
	connection, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return []client.Object{newService(name), sliceOf(name, name, port)}
}

// boundSocket takes a port, so that no other test gets it, without listening.
func boundSocket(t *testing.T) (socket, port int) {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(socket) })
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := unix.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	return socket, bound.(*unix.SockaddrInet4).Port
}

// answer is what a client got.
type answer struct {
	*http.Response
	body string
}

// ask sends "METHOD host/target", or "host/target" for GET, with further fields. "https" among them stands for a client
// that came over HTTPS to a trusted proxy.
func (r *rig) ask(what string, fields ...string) answer {
	r.Helper()
	got, err := r.exchange(what, fields...)
	if err != nil {
		r.Fatalf("%s: %v", what, err)
	}
	return got
}

// nothing is what becomes of a request that gets no whole answer.
const nothing = "no whole answer"

// asked is ask in words, also for a request that gets no answer.
func (r *rig) asked(what string, fields ...string) string {
	r.Helper()
	got, err := r.exchange(what, fields...)
	if err != nil {
		return nothing
	}
	return got.String()
}

func (r *rig) exchange(what string, fields ...string) (a answer, err error) {
	r.Helper()
	method, url, ok := strings.Cut(what, " ")
	if !ok {
		method, url = "GET", what
	}
	host, target, _ := strings.Cut(url, "/")
	connection, err := net.Dial("tcp", r.address)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(r.patience))
	head := fmt.Sprintf("%s /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, target, host)
	content := ""
	for _, field := range fields {
		switch {
		case field == "https":
			head += "X-Forwarded-Proto: https\r\n"
		case strings.HasPrefix(field, "content "):
			length, _ := strconv.Atoi(strings.TrimPrefix(field, "content "))
			content = strings.Repeat("x", length)
			head += fmt.Sprintf("Content-Length: %d\r\n", length)
		default:
			head += field + "\r\n"
		}
	}
	go func() { _, _ = io.WriteString(connection, head+"\r\n"+content) }()
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	if err != nil {
		return a, err
	}
	body, err := io.ReadAll(response.Body)
	return answer{response, string(body)}, err
}

// String says what became of a request: "web /path" if a backend answered, or a status with where the client is sent,
// or with the reason.
func (a answer) String() string {
	if service := a.Header.Get("X-Service"); service != "" {
		text := service + " " + a.Header.Get("X-Target")
		if a.StatusCode != 200 {
			text = strconv.Itoa(a.StatusCode) + " " + text
		}
		return text
	}
	text := strconv.Itoa(a.StatusCode)
	if location := a.Header.Get("Location"); location != "" {
		return text + " " + location
	}
	if a.StatusCode >= 400 {
		reason, _, _ := strings.Cut(a.body, ":")
		text = strings.TrimSpace(text + " " + strings.TrimSpace(reason))
	}
	return text
}

// says returns what the conditions and the event of an Ingress say, but for conditions that say that all is well.
func (r *rig) says(name string) string {
	var said []string
	for i := range r.reports {
		if report := &r.reports[i]; report.Name == name {
			for _, c := range report.Conditions {
				if c.Status != metav1.ConditionTrue || c.Reason != c.Type {
					said = append(said, c.Reason+": "+c.Message)
				}
			}
			if report.Unheeded != "" {
				said = append(said, "told: "+report.Unheeded)
			}
		}
	}
	return strings.Join(said, "\n")
}
