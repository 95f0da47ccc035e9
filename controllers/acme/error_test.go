// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnErrorSaysInTheAuthoritysWordsWhatIsWrongAndWhenToTryAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer     func(http.ResponseWriter, message)
		kind       Kind
		text       string
		retryAfter time.Duration
	}{
		"too many requests, seconds to wait": {func(w http.ResponseWriter, _ message) {
			w.Header().Set("Retry-After", "120")
			problem(w, http.StatusTooManyRequests, "rateLimited", "too many orders for x.io")
		}, RateLimited, "placing the order: rateLimited: too many orders for x.io", 2 * time.Minute},
		"too many requests, not as a problem": {func(w http.ResponseWriter, _ message) {
			w.Header().Set("Retry-After", "7")
			http.Error(w, "slow down, 203.0.113.7", http.StatusTooManyRequests)
		}, RateLimited, "placing the order: too many requests", 7 * time.Second},
		"a refused name among several": {func(w http.ResponseWriter, _ message) {
			reply(w, http.StatusForbidden, map[string]any{"type": problemNamespace + "rejectedIdentifier", "detail": "some names are refused", "subproblems": []any{
				map[string]any{"type": problemNamespace + "rejectedIdentifier", "detail": "policy", "identifier": map[string]string{"type": "dns", "value": "x.io"}},
			}})
		}, Refused, "placing the order: rejectedIdentifier: some names are refused; x.io: policy", 0},
		"an account that is not known": {func(w http.ResponseWriter, _ message) {
			problem(w, http.StatusBadRequest, "accountDoesNotExist", "no such account")
		}, AccountGone, "placing the order: accountDoesNotExist: no such account", 0},
		"an account that may not": {func(w http.ResponseWriter, _ message) {
			problem(w, http.StatusForbidden, "unauthorized", "the account is closed")
		}, NotAuthorized, "placing the order: unauthorized: the account is closed", 0},
		"a fault of the authority": {func(w http.ResponseWriter, _ message) {
			problem(w, http.StatusInternalServerError, "serverInternal", "the database is away")
		}, Transient, "placing the order: serverInternal: the database is away", 0},
		"maintenance": {func(w http.ResponseWriter, _ message) {
			w.Header().Set("Retry-After", "30")
			http.Error(w, "<html>back soon</html>", http.StatusServiceUnavailable)
		}, Transient, "placing the order: the authority answers with status 503", 30 * time.Second},
		"nothing there": {func(w http.ResponseWriter, _ message) {
			http.Error(w, "<html>not found</html>", http.StatusNotFound)
		}, Refused, "placing the order: the authority has no such thing (status 404)", 0},
		"a problem of another namespace": {func(w http.ResponseWriter, _ message) {
			reply(w, http.StatusBadRequest, map[string]any{"type": "about:blank", "detail": "no"})
		}, Refused, "placing the order: about:blank: no", 0},
		"an answer that is not JSON": {func(w http.ResponseWriter, _ message) {
			_, _ = io.WriteString(w, "<html>welcome</html>")
		}, Transient, "placing the order: the answer cannot be read", 0},
		"an order for other names": {func(w http.ResponseWriter, _ message) {
			reply(w, http.StatusCreated, map[string]any{"status": "pending", "identifiers": []any{map[string]string{"type": "dns", "value": "y.io"}}})
		}, Refused, "placing the order: the answer cannot be read", 0},
		"an order without a URL": {func(w http.ResponseWriter, _ message) {
			reply(w, http.StatusCreated, map[string]any{"status": "pending", "identifiers": []any{map[string]string{"type": "dns", "value": "x.io"}}})
		}, Refused, "placing the order: the answer cannot be read", 0},
		"an answer without an end": {func(w http.ResponseWriter, _ message) {
			_, _ = io.WriteString(w, strings.Repeat("x", maxResponse+1))
		}, Transient, "placing the order: the authority cannot be reached", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t)
			a.on("/new-order", test.answer)
			_, err := a.client().NewOrder(t.Context(), a.account(), OrderRequest{Hosts: []string{"x.io"}})
			failed, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("the error is %v, want one of the authority's", err)
			}
			if failed.Kind != test.kind || failed.Error() != test.text || failed.RetryAfter != test.retryAfter {
				t.Errorf("got kind %d, %q, to be tried again after %s; want %d, %q and %s", failed.Kind, failed, failed.RetryAfter, test.kind, test.text, test.retryAfter)
			}
			if strings.Contains(failed.Error(), a.URL) {
				t.Errorf("%q has a URL, which differs from one attempt to the next", failed)
			}
		})
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                               0,
		"90":                             90 * time.Second,
		"0":                              0,
		"-5":                             0,
		"Sun, 01 Mar 2026 13:00:00 GMT":  time.Hour,
		"Sun, 01 Mar 2026 11:00:00 GMT":  0,
		"Sunday, 01-Mar-26 12:00:10 GMT": 10 * time.Second,
		"soon":                           0,
		"1.5":                            0,
		"99999999999999999999":           0,
	} {
		if got := parseRetryAfter(text, now); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestARetryAfterWithADateIsHonoured(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.on("/new-order", func(w http.ResponseWriter, _ message) {
		w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		problem(w, http.StatusTooManyRequests, "rateLimited", "later")
	})
	_, err := a.client().NewOrder(t.Context(), a.account(), OrderRequest{Hosts: []string{"x.io"}})
	failed, ok := errors.AsType[*Error](err)
	// The date has no fractions of a second, and the test may be slow.
	if !ok || failed.RetryAfter > time.Hour || failed.RetryAfter < 50*time.Minute {
		t.Errorf("the error is %v, want one that is to be tried again in an hour", err)
	}
}

func TestAnAuthorityThatCannotBeReachedIsSaidInWordsThatStayTheSame(t *testing.T) {
	t.Parallel()
	gone := newAuthority(t)
	gone.Close()
	strange := newAuthority(t)
	for name, test := range map[string]struct {
		client *Client
		want   string
	}{
		"nothing listens": {gone.client(), "reading the directory: the authority cannot be reached"},
		"a certificate of nobody": {strange.clientThatTrusts(x509.NewCertPool()),
			"reading the directory: the authority's own certificate is not trusted: x509: certificate signed by unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := test.client.NewOrder(t.Context(), strange.account(), OrderRequest{Hosts: []string{"x.io"}})
			failed, ok := errors.AsType[*Error](err)
			if !ok || failed.Kind != Transient || failed.Error() != test.want {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
		})
	}
}

// roundTrip is a transport whose faults the test makes.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// silent never answers.
func silent(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAnAuthorityThatDoesNotAnswerIsGivenUpAfterATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{options: Options{Directory: "https://authority.example/directory"}, transport: roundTrip(silent)}
		began := time.Now()
		_, err := c.Register(t.Context(), newKey(t), "", nil)
		if took := time.Since(began); took != requestTimeout {
			t.Errorf("it took %s, want %s", took, requestTimeout)
		}
		failed, ok := errors.AsType[*Error](err)
		if want := "reading the directory: the authority does not answer in time"; !ok || failed.Kind != Transient || failed.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	})
}

func TestARequestEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{options: Options{Directory: "https://authority.example/directory"}, transport: roundTrip(silent)}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := c.Register(ctx, newKey(t), "", nil); err == nil {
			t.Error("an account was registered")
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("it took %s, want a second", took)
		}
	})
}
