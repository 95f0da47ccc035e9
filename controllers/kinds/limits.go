// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// readTimeouts returns a path's timeouts, with the defaults for those that it leaves out.
func readTimeouts(p *v1alpha1.IngressPath) snapshot.Timeouts {
	timeouts := snapshot.Timeouts{
		Request:  v1alpha1.DefaultRequestTimeout,
		Connect:  v1alpha1.DefaultConnectTimeout,
		Response: v1alpha1.DefaultResponseTimeout,
		Idle:     v1alpha1.DefaultIdleTimeout,
	}
	if p.Timeouts != nil {
		override(&timeouts.Request, p.Timeouts.Request)
		override(&timeouts.Connect, p.Timeouts.Connect)
		override(&timeouts.Response, p.Timeouts.Response)
		override(&timeouts.Idle, p.Timeouts.Idle)
	}
	return timeouts
}

func override(timeout *time.Duration, d *metav1.Duration) {
	if d != nil {
		*timeout = d.Duration
	}
}

// readRetries returns how many further endpoints a path's requests may try.
func readRetries(p *v1alpha1.IngressPath) int {
	if p.Retries != nil && p.Retries.Attempts != nil {
		return int(*p.Retries.Attempts)
	}
	return int(v1alpha1.DefaultRetryAttempts)
}

// readRetry returns what else a path says of retries, nil if that is nothing.
func readRetry(p *v1alpha1.IngressPath) *snapshot.Retry {
	if p.Retries == nil || len(p.Retries.Codes) == 0 && p.Retries.Backoff == nil {
		return nil
	}
	r := &snapshot.Retry{Backoff: v1alpha1.DefaultRetryBackoff}
	override(&r.Backoff, p.Retries.Backoff)
	for _, code := range p.Retries.Codes {
		r.Codes = append(r.Codes, int(code))
	}
	slices.Sort(r.Codes)
	r.Codes = slices.Compact(r.Codes)
	return r
}

// MaxRetries bounds the retries of a rule, as the schema does.
const MaxRetries = 10

// limitsFault says what is wrong with a path's timeouts and retries.
func limitsFault(p *v1alpha1.IngressPath) string {
	if t := readTimeouts(p); t.Request < 0 || t.Connect < 0 || t.Response < 0 || t.Idle < 0 {
		return "timeouts holds a negative duration: write 0s for none"
	}
	if n := readRetries(p); n < 0 || n > MaxRetries {
		return "retries.attempts is " + strconv.Itoa(n) + ": write 0 for none, and at most " + strconv.Itoa(MaxRetries)
	}
	if r := readRetry(p); r != nil {
		if r.Backoff < 0 {
			return "retries.backoff is negative: write 0s for none"
		}
		for _, code := range r.Codes {
			if code < 400 || code > 599 {
				return "retries.codes has " + strconv.Itoa(code) + ": write statuses from 400 to 599, such as 503"
			}
		}
	}
	return ""
}
