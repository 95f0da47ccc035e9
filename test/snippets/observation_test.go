// SPDX-License-Identifier: Apache-2.0

package snippets

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/canonical"
)

// observation is what became of a request.
type observation struct {
	Status int
	// Fields are those of the response, without those that differ on purpose.
	Fields map[string][]string
	// Seen is what the backend got. It has no method if the request did not come there.
	Seen seen
}

// client asks over connections that stay.
type client struct{ *http.Client }

func newClient(tb testing.TB) client {
	tb.Helper()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4}
	tb.Cleanup(transport.CloseIdleConnections)
	return client{&http.Client{
		Transport: transport, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ask asks a question at an address.
func (c client) ask(address, host string, q *question) (o observation, err error) {
	path, query, _ := strings.Cut(q.Target, "?")
	u := &url.URL{Scheme: "http", Host: address, Opaque: path, RawQuery: query, ForceQuery: strings.HasSuffix(q.Target, "?")}
	want, err := json.Marshal(wanted{Status: q.Status, Answer: q.Answer})
	if err != nil {
		return o, err
	}
	req := &http.Request{Method: q.Method, URL: u, Host: host, Header: http.Header{wantedField: {string(want)}, "User-Agent": {"one"}}}
	for _, f := range q.Fields {
		req.Header.Add(f[0], f[1])
	}
	resp, err := c.Do(req)
	if err != nil {
		return o, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return o, err
	}
	o.Status = resp.StatusCode
	text := content
	own := resp.Header.Get("Backend") == ""
	if resp.Header.Get("Seen") != "" {
		text = []byte(resp.Header.Get("Seen"))
	}
	if !own {
		// A snippet may have taken the status away from the content, but not the content.
		if err := json.Unmarshal(text, &o.Seen); err != nil {
			return o, fmt.Errorf("what the backend saw: %w in %q", err, text)
		}
		o.Seen.settle(q)
	}
	o.Fields = responseFields(resp.Header, own && o.Status >= 300)
	if own && o.Status < 300 {
		o.Fields["(content)"] = []string{string(content)}
	}
	return o, nil
}

// onPurpose are fields of responses that each proxy writes in its own way.
var onPurpose = []string{"Date", "Server", "Connection", "Content-Length", "Transfer-Encoding", "Proxy-Status", "X-Content-Type-Options", "X-Request-Id", "Seen", "Backend"}

// responseFields returns what is compared of a response. page is set for a page of the proxy's own, whose type differs.
func responseFields(h http.Header, page bool) map[string][]string {
	fields := map[string][]string{}
	for name, values := range h {
		if slices.Contains(onPurpose, name) || page && name == "Content-Type" {
			continue
		}
		fields[name] = values
		if name == "Expires" {
			fields[name] = relative(values)
		}
	}
	return fields
}

// relative writes dates near the present as what they are from now, to the minute.
func relative(values []string) (list []string) {
	for _, value := range values {
		if at, err := http.ParseTime(value); err == nil && at.Year() < 2037 && at.Year() > 1970 {
			value = "in " + time.Until(at).Round(time.Minute).String()
		}
		list = append(list, value)
	}
	return list
}

// ourOwn are fields of requests that both proxies set, each by its own light. A snippet adds another beside it.
var ourOwn = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Real-Ip", "X-Request-Id"}

// theirOwn are fields that ingress-nginx sets, and this proxy does not: the reader of its annotations does.
var theirOwn = []string{"X-Forwarded-Scheme", "X-Scheme", "X-Original-Forwarded-For", "X-Original-Forwarded-Host"}

// settle takes out of a request what differs on purpose.
func (s *seen) settle(*question) {
	for _, name := range []string{"Connection", wantedField, "Content-Length", "Cdn-Loop", "Te"} {
		delete(s.Fields, name)
	}
	for _, name := range ourOwn {
		if values := s.Fields[name]; len(values) > 0 {
			s.Fields[name] = values[1:]
		}
		if len(s.Fields[name]) == 0 {
			delete(s.Fields, name)
		}
	}
}

// settleNginx takes out what nginx adds in the name of ingress-nginx.
func (s *seen) settleNginx() {
	path, query, _ := strings.Cut(s.Target, "?")
	if made, err := canonical.Path(nil, []byte(path)); err == nil && len(made) < len(path) {
		s.Target = strings.TrimSuffix(string(made)+"?"+query, "?") // a rewrite has doubled a slash
	}
	for _, name := range theirOwn {
		if values := s.Fields[name]; len(values) > 0 {
			s.Fields[name] = values[1:]
		}
		if len(s.Fields[name]) == 0 {
			delete(s.Fields, name)
		}
	}
}

// lines returns an observation as text, a fact a line.
func (o *observation) lines() (list []string) {
	list = append(list, "status "+strconv.Itoa(o.Status))
	for name, values := range o.Fields {
		for _, value := range values {
			list = append(list, "< "+name+": "+value)
		}
	}
	if o.Seen.Method != "" {
		list = append(list, "> "+o.Seen.Method+" "+o.Seen.Target+" of "+o.Seen.Host)
		for name, values := range o.Seen.Fields {
			for _, value := range values {
				list = append(list, "> "+name+": "+value)
			}
		}
	}
	slices.Sort(list)
	return list
}

// text writes a question for people.
func (q *question) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", q.Method, q.Target)
	for _, f := range q.Fields {
		fmt.Fprintf(&b, "  %s: %s", f[0], f[1])
	}
	fmt.Fprintf(&b, " -> %d", q.Status)
	for _, f := range q.Answer {
		fmt.Fprintf(&b, "  %s: %s", f[0], f[1])
	}
	return b.String()
}
