// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// fieldsOf makes fields of lines.
func fieldsOf(lines ...string) (fields []message.Field) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		fields = append(fields, message.Field{Name: []byte(name), Value: []byte(value), Kind: message.KindOf([]byte(name))})
	}
	return fields
}

// viewOf makes what a policy sees of a request.
func viewOf(method, host, path, query string, fields ...string) *step.View {
	return &step.View{
		Request: &message.Request{
			Version: message.HTTP2, Method: []byte(method), Authority: []byte(host), Path: []byte(path), Query: []byte(query), Fields: fieldsOf(fields...),
		},
		Host: []byte(host), Path: []byte(path), Client: netip.MustParseAddr("192.0.2.7"), Secure: true, Now: time.Unix(1700000000, 5),
	}
}

// What we write by the numbers of fields is what the real types read.
func TestACallIsWhatEnvoysTypesRead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 20000) // longer than a length of one or two bytes says
	v := viewOf("POST", "shop.example.com", "/a/b", "?q=1", "Cookie: a=b", "X-Two: 1", "cookie: c=d", "X-Two: 2", "X-Long: "+long,
		"X-Odd: a\xffb", "Connection: close", "X-Request-ID: id-1", "X-Envoy-Auth-Partial-Body: true")
	v.Request.ContentLength = 5
	a := &ask{service: &Service{all: true, timeout: 1500 * time.Millisecond, most: 10}, view: v, content: []byte("hello")}
	a.makeCall()
	head := &a.request.Head
	if string(head.Method) != "POST" || string(head.Path) != "/envoy.service.auth.v3.Authorization/Check" || !head.AcceptsTrailers {
		t.Errorf("the call is %s %s", head.Method, head.Path)
	}
	if value, _ := message.First(head.Fields, "grpc-timeout"); string(value) != "1500m" {
		t.Errorf("the call waits %s", value)
	}
	var sent written
	if err := a.request.Content(&sent); err != nil {
		t.Fatal(err)
	}
	if sent.bytes[0] != 0 || int(binary.BigEndian.Uint32(sent.bytes[1:])) != len(sent.bytes)-grpcPrefix {
		t.Errorf("the message begins with %x, and has %d bytes", sent.bytes[:grpcPrefix], len(sent.bytes))
	}
	var got authv3.CheckRequest
	if err := proto.Unmarshal(sent.bytes[grpcPrefix:], &got); err != nil {
		t.Fatal(err)
	}
	want := &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{
			SocketAddress: &corev3.SocketAddress{Address: "192.0.2.7", PortSpecifier: &corev3.SocketAddress_PortValue{}},
		}}},
		Request: &authv3.AttributeContext_Request{
			Time: &timestamppb.Timestamp{Seconds: 1700000000, Nanos: 5},
			Http: &authv3.AttributeContext_HttpRequest{
				Id: "id-1", Method: "POST", Path: "/a/b?q=1", Host: "shop.example.com", Scheme: "https", Size: 5, Protocol: "HTTP/2", Body: "hello",
				Headers: map[string]string{
					":method": "POST", ":path": "/a/b?q=1", ":authority": "shop.example.com", ":scheme": "https", "cookie": "a=b; c=d", "x-two": "1,2",
					"x-long": long, "x-odd": "a\ufffdb", "x-request-id": "id-1", "x-envoy-auth-partial-body": "false",
				},
			},
		},
	}}
	if diff := cmp.Diff(want, &got, protocmp.Transform()); diff != "" {
		t.Errorf("the call (-want +got):\n%s", diff)
	}
}

func TestAContentThatIsNoTextIsSentAsBytes(t *testing.T) {
	t.Parallel()
	v := viewOf("POST", "a", "/", "")
	v.Request.ContentLength = message.UnknownLength
	a := &ask{service: &Service{}, view: v, content: []byte{0xff, 0}}
	a.makeCall()
	var got authv3.CheckRequest
	if err := proto.Unmarshal(a.memory[grpcPrefix:len(a.memory)-len("1m")], &got); err != nil {
		t.Fatal(err)
	}
	http := got.GetAttributes().GetRequest().GetHttp()
	if string(http.GetRawBody()) != "\xff\x00" || http.GetBody() != "" || http.GetSize() != -1 {
		t.Errorf("got %v", http)
	}
}

// written is a content that was written.
type written struct {
	message.Writer
	bytes []byte
	room  [100]byte
}

func (w *written) Room() ([]byte, error) { return w.room[:], nil }

func (w *written) Advance(n int) error {
	w.bytes = append(w.bytes, w.room[:n]...)
	return nil
}

func option(key, value string, action corev3.HeaderValueOption_HeaderAppendAction) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{Header: &corev3.HeaderValue{Key: key, Value: value}, AppendAction: action}
}

// framed returns an answer as a call has it.
func framed(tb testing.TB, resp *authv3.CheckResponse) []byte {
	tb.Helper()
	b, err := proto.Marshal(resp)
	if err != nil {
		tb.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(b))), b...)
}

var succeeded = fieldsOf("grpc-status: 0")

func TestAnOKOfEnvoysTypesChangesTheRequest(t *testing.T) {
	t.Parallel()
	appended := option("X-Appended", "b", 0)
	appended.Append = wrapperspb.Bool(true) //nolint:staticcheck // Services send it all the same.
	said := option("X-Said", "new", corev3.HeaderValueOption_ADD_IF_ABSENT)
	said.Append = wrapperspb.Bool(false) //nolint:staticcheck // likewise
	got := readCheck(framed(t, &authv3.CheckResponse{
		Status: &status.Status{},
		HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{
			Headers: []*corev3.HeaderValueOption{
				option("X-User", "alice", 0), appended, said, option("X-There", "no", corev3.HeaderValueOption_ADD_IF_ABSENT),
				option("X-Absent", "yes", corev3.HeaderValueOption_ADD_IF_ABSENT), option("X-Over", "yes", corev3.HeaderValueOption_OVERWRITE_IF_EXISTS),
				option("X-Not-Over", "no", corev3.HeaderValueOption_OVERWRITE_IF_EXISTS), option("Host", "evil.example.com", 0),
				option(":path", "/evil", 0), option("Content-Length", "7", 0), option("Transfer-Encoding", "chunked", 0),
			},
			HeadersToRemove:      []string{"X-Secret", "host", "Content-Length"},
			ResponseHeadersToAdd: []*corev3.HeaderValueOption{option("Set-Cookie", "a=b", 0)},
		}},
	}), succeeded)
	if got.why != "" || !got.passes || got.fresh != 0 {
		t.Fatalf("got %+v", got)
	}
	v := viewOf("GET", "a", "/", "", "x-user: mallory", "X_User: mallory", "X-Appended: a", "X-Said: old", "X-There: t", "X-Over: o", "X-Secret: s",
		"x_secret: s", "X-Other: o")
	got.verdict.apply(v)
	fields := map[string]string{}
	for _, f := range v.Request.Fields {
		if f.Kind.EndToEnd() {
			fields[string(f.Name)] += string(f.Value) + ";"
		}
	}
	want := map[string]string{
		"x-user": "alice;", "X-Appended": "a;", "x-appended": "b;", "x-said": "new;", "X-There": "t;", "x-absent": "yes;", "x-over": "yes;", "X-Other": "o;",
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("the request (-want +got):\n%s", diff)
	}
	resp := &message.Response{}
	v.Given.Give(resp)
	if value, _ := message.First(resp.Fields, "set-cookie"); string(value) != "a=b" {
		t.Errorf("the client gets %v", resp.Fields)
	}
}

func TestADenialOfEnvoysTypesIsTheAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		response    *authv3.CheckResponse
		status      int
		body, media string
		fields      string
	}{
		"bare":              {&authv3.CheckResponse{Status: &status.Status{Code: 7}}, 403, "", "", ""},
		"of any other code": {&authv3.CheckResponse{Status: &status.Status{Code: 14}}, 403, "", "", ""},
		"a negative code":   {&authv3.CheckResponse{Status: &status.Status{Code: -1}}, 403, "", "", ""},
		"with a response": {&authv3.CheckResponse{Status: &status.Status{Code: 16}, HttpResponse: &authv3.CheckResponse_DeniedResponse{
			DeniedResponse: &authv3.DeniedHttpResponse{
				Status: &typev3.HttpStatus{Code: typev3.StatusCode_Unauthorized}, Body: "<p>no",
				Headers: []*corev3.HeaderValueOption{option("WWW-Authenticate", "Bearer", 0), option("Content-Type", "text/html", 0), option("Content-Length", "9", 0)},
			},
		}}, 401, "<p>no", "text/html", "www-authenticate: Bearer\n"},
		"with an impossible status": {&authv3.CheckResponse{Status: &status.Status{Code: 16}, HttpResponse: &authv3.CheckResponse_DeniedResponse{
			DeniedResponse: &authv3.DeniedHttpResponse{Status: &typev3.HttpStatus{Code: typev3.StatusCode_Continue}, Body: "no"},
		}}, 403, "no", "text/plain; charset=utf-8", ""},
		"with an OK": {&authv3.CheckResponse{Status: &status.Status{Code: 16}, HttpResponse: &authv3.CheckResponse_OkResponse{
			OkResponse: &authv3.OkHttpResponse{},
		}}, 403, "", "", ""},
	} {
		got := readCheck(framed(t, test.response), succeeded)
		fields := ""
		for _, f := range got.fields {
			fields += string(f.Name) + ": " + string(f.Value) + "\n"
		}
		if got.why != "" || got.passes || got.status != test.status || got.content != test.body || string(got.mediaType) != test.media || fields != test.fields {
			t.Errorf("%s: got %+v with %q", name, got, fields)
		}
	}
}

// Whatever is not plainly an answer lets nobody pass.
func TestAnAnswerThatCannotBeFollowedLetsNobodyPass(t *testing.T) {
	t.Parallel()
	ok := func(change func(*authv3.OkHttpResponse)) []byte {
		response := &authv3.OkHttpResponse{}
		change(response)
		return framed(t, &authv3.CheckResponse{Status: &status.Status{}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: response}})
	}
	plain := ok(func(*authv3.OkHttpResponse) {})
	compressed := append([]byte{1}, plain[1:]...)
	for name, test := range map[string]struct {
		content []byte
		ending  []message.Field
		want    string
	}{
		"no status":           {plain, nil, "grpc-status"},
		"a status of letters": {plain, fieldsOf("grpc-status: ok"), "grpc-status"},
		"an error":            {plain, fieldsOf("grpc-status: 14"), "status 14"},
		"no message":          {nil, succeeded, "one whole message"},
		"two messages":        {append(plain[:len(plain):len(plain)], plain...), succeeded, "one whole message"},
		"cut":                 {plain[:len(plain)-1], succeeded, "one whole message"},
		"compressed":          {compressed, succeeded, "compressed"},
		"malformed":           {[]byte{0, 0, 0, 0, 2, 0x0a, 0x7f}, succeeded, "malformed"},
		"an unknown action":   {ok(func(r *authv3.OkHttpResponse) { r.Headers = []*corev3.HeaderValueOption{option("a", "b", 9)} }), succeeded, "unknown"},
		"a query that is set": {ok(func(r *authv3.OkHttpResponse) { r.QueryParametersToSet = []*corev3.QueryParameter{{Key: "a"}} }), succeeded, "query"},
		"a query that goes":   {ok(func(r *authv3.OkHttpResponse) { r.QueryParametersToRemove = []string{"a"} }), succeeded, "query"},
		"a line break":        {ok(func(r *authv3.OkHttpResponse) { r.Headers = []*corev3.HeaderValueOption{option("a", "b\r\nc: d", 0)} }), succeeded, "value"},
		"a name that is none": {ok(func(r *authv3.OkHttpResponse) { r.Headers = []*corev3.HeaderValueOption{option("a: b", "c", 0)} }), succeeded, "name"},
		"no name":             {ok(func(r *authv3.OkHttpResponse) { r.Headers = []*corev3.HeaderValueOption{option("", "c", 0)} }), succeeded, "name"},
		"a line break for the client": {
			ok(func(r *authv3.OkHttpResponse) {
				r.ResponseHeadersToAdd = []*corev3.HeaderValueOption{option("a", "b\nc", 0)}
			}), succeeded, "value",
		},
		"OK with a denial": {framed(t, &authv3.CheckResponse{HttpResponse: &authv3.CheckResponse_DeniedResponse{
			DeniedResponse: &authv3.DeniedHttpResponse{},
		}}), succeeded, "denies"},
	} {
		got := readCheck(test.content, test.ending)
		if got.passes || !strings.Contains(got.why, test.want) {
			t.Errorf("%s: got %+v, want %q", name, got, test.want)
		}
	}
	if got := readCheck(plain, succeeded); !got.passes || got.why != "" || got.fresh != forEver {
		t.Errorf("a plain OK: got %+v", got)
	}
}

func FuzzReadCheckResponse(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x0a, 0x00, 0x1a, 0x00})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readCheckResponse(b)
		var want authv3.CheckResponse
		if proto.Unmarshal(b, &want) != nil && err == nil && got.passes {
			// Text that is no UTF-8 is malformed to the real types alone. Nothing else is.
			if !hasInvalidText(b) {
				t.Errorf("%x passes, and the real types cannot read it", b)
			}
			return
		}
		if err == nil && got.passes && (want.GetStatus().GetCode() != 0 || want.GetDeniedResponse() != nil) {
			t.Errorf("%x passes, and says %v", b, &want)
		}
	})
}

func hasInvalidText(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return true
		}
	}
	return false
}
