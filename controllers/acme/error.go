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

// Kind says what an error means for the request that it is about.
type Kind int

const (
	// Transient errors go away by themselves: the authority is not reached, or cannot answer now.
	Transient Kind = iota
	// RateLimited is for requests that came too often.
	RateLimited
	// Refused is for requests that lead to the same answer again.
	Refused
	// AccountGone is for requests of an account that the authority does not know, or not any more.
	AccountGone
	// NotAuthorized is for requests that lead to the same answer again as long as they are this account's: it may be
	// closed, its key another one, or what is asked for another account's.
	NotAuthorized
)

// The names of problems that begin so are those of RFC 8555, section 6.7.
const problemNamespace = "urn:ietf:params:acme:error:"

// Error is why a step was not taken.
type Error struct {
	// Step is what was tried, such as "placing the order".
	Step string
	Kind Kind
	// Type is the problem's name of RFC 8555, section 6.7, without its namespace, such as "rejectedIdentifier". Empty
	// where the authority did not answer in that form.
	Type string
	// Detail are the authority's own words, or where it has said nothing, what happened in words that do not change from
	// one attempt to the next.
	Detail string
	// RetryAfter is how long the authority asks to wait; 0 if it does not say.
	RetryAfter time.Duration
	// Status is that of the authority's answer; 0 where there was none, or where the error is about what was done
	// before.
	Status int

	cause error
}

// Error is the step and what is wrong, without any URL.
func (e *Error) Error() string {
	if e.Type == "" {
		return e.Step + ": " + e.Detail
	}
	return e.Step + ": " + e.Type + ": " + e.Detail
}

// Unwrap returns what the error was made of.
func (e *Error) Unwrap() error { return e.cause }

// explain makes an Error of what lego returned from the last exchange.
func (e *exchange) explain(step string, err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	failed := &Error{Step: step, Kind: Transient, RetryAfter: e.retryAfter(), Status: e.status, cause: err}
	if problem, ok := errors.AsType[*acme.ProblemDetails](err); ok {
		failed.describe(problem)
		return failed
	}
	switch {
	case e.status == http.StatusTooManyRequests:
		failed.Kind, failed.Detail = RateLimited, "too many requests"
	case e.status == http.StatusNotFound || e.status == http.StatusGone:
		failed.Kind, failed.Detail = Refused, "the authority has no such thing (status "+strconv.Itoa(e.status)+")"
	case e.status >= http.StatusBadRequest:
		failed.Detail = "the authority answers with status " + strconv.Itoa(e.status)
	default:
		failed.Detail = inShort(err)
	}
	return failed
}

// describe takes over what the authority says.
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

// problemError is the error of a problem that an object of the authority's carries.
func problemError(step string, problem *acme.ProblemDetails) *Error {
	failed := &Error{Step: step, Kind: Refused, Detail: "the authority does not say why"}
	if problem != nil {
		failed.describe(problem)
		// It is about what was done before: to ask for the same object again changes nothing, however late.
		failed.Kind = Refused
	}
	return failed
}

// words are the authority's own, with those about single names behind them.
func words(problem *acme.ProblemDetails) string {
	parts := []string{problem.Detail}
	for _, sub := range problem.SubProblems {
		parts = append(parts, sub.Identifier.Value+": "+sub.Detail)
	}
	return strings.Join(parts, "; ")
}

// inShort says what kept a request from being answered, without what differs each time, such as ports.
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

// parseRetryAfter reads the field of RFC 9110, section 10.2.3: seconds or a date. What cannot be read is 0.
func parseRetryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// notPossible is the error of a step that the caller had no reason to take.
func notPossible(step string, err error) error { return fmt.Errorf("%s: %w", step, err) }
