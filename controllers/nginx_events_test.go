// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/test/fixture"
)

// noted returns the notes of the events of Ingresses by their names and reasons, as in "shop InvalidRule".
func (k *testCluster) noted(t *testing.T) map[string]string {
	t.Helper()
	var list eventsv1.EventList
	if err := k.List(t.Context(), &list, client.InNamespace(k.Blue)); err != nil {
		t.Fatal(err)
	}
	notes := make(map[string]string)
	for i := range list.Items {
		e := &list.Items[i]
		notes[e.Regarding.Name+" "+e.Reason] += e.Note + "\n"
	}
	return notes
}

// Each annotation that closes has the real controller answer 503 with its reason, and the author of the Ingress reads
// in an event of the real API server what to write instead. So it is with a value that says who gets in and that cannot
// be read.
func TestEachAnnotationThatClosesIsAnsweredAndTold(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	type closing struct {
		object     *networkingv1.Ingress
		annotation string
		says       string
	}
	var all []closing
	settings := nginx.NewSettings(nginx.Options{Class: "nginx"}, nil)
	add := func(annotation, value, says string) {
		name := fmt.Sprintf("closes-%d", len(all))
		object := standard(k.Blue, name, name+".io", "web")
		object.Spec.IngressClassName = new("nginx")
		object.Annotations = map[string]string{nginx.Prefix + annotation: value}
		judged := nginx.Judge(object, settings, nginx.Shared{})
		if says == "" && !judged[0].Closes {
			return // It says nothing without another one.
		}
		k.Make(object)
		all = append(all, closing{object, annotation, cmp.Or(says, judged[0].Text)})
	}
	for i := range nginx.Annotations {
		switch n := &nginx.Annotations[i]; {
		case n.Fate == nginx.Closes:
			add(n.Name, "on", n.Text)
		case n.Guards():
			add(n.Name, "{}\x7f", "")
		}
	}
	if len(all) < 50 {
		t.Errorf("only %d annotations close", len(all))
	}
	k.Make(fixture.Task(k.Blue, "one", "web", "10.0.0.1"))
	r := k.start(k.forNginx(""))

	fixture.Eventually(t, func() error {
		notes := k.noted(t)
		for _, c := range all {
			note := notes[c.object.Name+" "+v1alpha1.ReasonInvalidRule]
			if !strings.Contains(note, "annotation "+nginx.Prefix+c.annotation) || !strings.Contains(note, c.says) {
				return fmt.Errorf("the event for %s says %q, want %q", c.annotation, note, c.says)
			}
		}
		return nil
	})
	p, address := fixture.StartProxyWith(t, proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128})
	if _, err := p.Apply(r.proxy.snapshot()); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/x", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = c.object.Name + ".io"
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(string(body), "RuleClosed") {
			t.Errorf("%s: a request gets %d %q, want 503 RuleClosed", c.annotation, response.StatusCode, body)
		}
	}
}
