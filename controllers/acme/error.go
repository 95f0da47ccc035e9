// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-acme/lego/v4/acme"
)

// Kind is what an error means for the request that it is about.
type Kind int

const (
	// Transient errors go away by themselves: the authority cannot be reached, or cannot answer now.
	Transient Kind = iota
	// RateLimited requests came too often.
	RateLimited
	// Refused requests would get the same answer again.
	Refused
	// AccountGone requests come from an account that the authority does not know, or does not know any more.
	AccountGone
	// NotAuthorized requests would get the same answer again from this account: it may be closed or have another key, or
	// what is asked for may belong to another account.
	NotAuthorized
)

// problemNamespace begins the names of the problems of RFC 8555, section 6.7.
const problemNamespace = "urn:ietf:params:acme:error:"

// Error is why a step was not taken.
type Error struct {
	// Step is what was tried, such as "placing the order".
	Step string
	Kind Kind
	// Type is the problem's name in RFC 8555, section 6.7, without its namespace, such as "rejectedIdentifier". It is
	// empty if the authority did not answer in that form.
	Type string
	// Detail is the authority's own text. If there is none, it says what happened, in words that do not change from one
	// attempt to the next.
	Detail string
	// RetryAfter is how long the authority asks to wait, 0 if it does not say.
	RetryAfter time.Duration
	// Status is the status of the authority's answer. It is 0 if there was no answer, or if the error is about an earlier
	// step.
	Status int

	cause error
}

// Error returns the step and what is wrong, without any URL.
func (e *Error) Error() string {
	if e.Type == "" {
		return e.Step + ": " + e.Detail
	}
	return e.Step + ": " + e.Type + ": " + e.Detail
}

// Unwrap returns the error that this one was made from.
func (e *Error) Unwrap() error { return e.cause }

// explain makes an Error from what lego returned for the last request.
func (t *callTransport) explain(step string, err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	failed := &Error{Step: step, Kind: Transient, RetryAfter: t.retryAfter(), Status: t.status, cause: err}
	if problem, ok := errors.AsType[*acme.ProblemDetails](err); ok {
		failed.describe(problem)
		return failed
	}
	switch {
	case t.status == http.StatusTooManyRequests:
		failed.Kind, failed.Detail = RateLimited, "too many requests"
	case t.status == http.StatusNotFound || t.status == http.StatusGone:
		failed.Kind, failed.Detail = Refused, "the authority has no such thing (status "+strconv.Itoa(t.status)+")"
	case t.status >= http.StatusBadRequest:
		failed.Detail = "the authority answers with status " + strconv.Itoa(t.status)
	default:
		failed.Detail = inShort(err)
	}
	return failed
}

// describe copies what the authority says.
func (e *Error) describe(problem *acme.ProblemDetails) {
	e.Type = strings.TrimPrefix(problem.Type, problemNamespace)
	e.Detail = words(problem)
	switch {
	case e.Type == "rateLimited" || problem.HTTPStatus == http.StatusTooManyRequests:
		e.Kind = RateLimited
	case e.Type == "accountDoesNotExist":
		e.Kind = AccountGone
	case e.Type == "unauthorized":
		e.Kind = NotAuthorized
	case e.Type == "badNonce" || e.Type == "serverInternal" || problem.HTTPStatus >= http.StatusInternalServerError:
		e.Kind = Transient
	default:
		e.Kind = Refused
	}
}

// problemError returns the error for a problem inside an object of the authority.
func problemError(step string, problem *acme.ProblemDetails) *Error {
	failed := &Error{Step: step, Kind: Refused, Detail: "the authority does not say why"}
	if problem != nil {
		failed.describe(problem)
		// The problem is about an earlier step: asking for the same object again changes nothing, however late.
		failed.Kind = Refused
	}
	return failed
}

// words returns the authority's text, followed by its texts about single names.
func words(problem *acme.ProblemDetails) string {
	parts := []string{problem.Detail}
	for _, sub := range problem.SubProblems {
		parts = append(parts, sub.Identifier.Value+": "+sub.Detail)
	}
	return strings.Join(parts, "; ")
}

// inShort returns why a request got no answer, without parts that differ each time, such as ports.
func inShort(err error) string {
	if _, ok := errors.AsType[*url.Error](err); !ok {
		return "the answer cannot be read"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "the authority's name is not found: " + dns.Err
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the authority's own certificate is not trusted: " + untrusted.Err.Error()
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the authority's own certificate is not trusted: " + unknown.Error()
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "the authority does not answer in time"
	}
	if errors.Is(err, context.Canceled) {
		return "the request was given up"
	}
	return "the authority cannot be reached"
}

// parseRetryAfter parses the field of RFC 9110, section 10.2.3: seconds or a date. It returns 0 for anything else.
func parseRetryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// notPossible returns the error of a step that the caller should not have taken.
func notPossible(step string, err error) error { return fmt.Errorf("%s: %w", step, err) }
