// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

func TestContactIsAnAnswerOfTheLast15Seconds(t *testing.T) {
	start := time.Unix(1000, 0)
	for _, test := range []struct {
		name                string
		status              int // 0 for none
		later               time.Duration
		connected, answered float64
	}{
		{"no answer", 0, 0, 0, 0},
		{"an answer", http.StatusOK, 14 * time.Second, 1, 1000},
		{"a refusal is an answer", http.StatusForbidden, time.Second, 1, 1000},
		{"an answer long ago", http.StatusOK, 15 * time.Second, 0, 1000},
		{"an error, which may be of what is before the API", http.StatusBadGateway, 0, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := start
			c := NewContact()
			c.now = func() time.Time { return now }
			transport := c.Wrap(roundTripper(func(*http.Request) (*http.Response, error) {
				if test.status == 0 {
					return nil, errors.New("cut off")
				}
				return &http.Response{StatusCode: test.status}, nil
			}))
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://10.96.0.1/", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = transport.RoundTrip(request) // what comes of it is the case's own
			now = now.Add(test.later)
			registry := prometheus.NewRegistry()
			registry.MustRegister(c)
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]float64{}
			for _, family := range families {
				got[family.GetName()] = family.GetMetric()[0].GetGauge().GetValue()
			}
			want := map[string]float64{"warren_ingress_api_connected": test.connected, "warren_ingress_api_last_contact_seconds": test.answered}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("metrics (-want +got):\n%s", diff)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func TestContactKnowsWhereTheAPIIs(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	c := NewContact()
	client := http.Client{Transport: c.Wrap(http.DefaultTransport)}
	for range 2 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	if got := c.Reached(); len(got) != 1 || got[0] != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("the API was reached at %v, want 127.0.0.1", got)
	}
}
