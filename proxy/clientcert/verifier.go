// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math"
	"regexp"
	"slices"
	"time"
)

// Verifier judges certificates by [Terms]. It is immutable.
type Verifier struct {
	id          string
	authorities *x509.CertPool
	revocations *revocations
	depth       int
	subjects    []string
	pattern     *regexp.Regexp
	altNames    []string
}

var errNoAuthority = errors.New("the authorities of clients hold no certificate")

// NewVerifier compiles terms. A list of revocations that is of no use is no error: then no certificate passes.
func NewVerifier(t *Terms) (*Verifier, error) {
	v := &Verifier{id: t.ID(), authorities: x509.NewCertPool(), depth: t.Depth, altNames: slices.Clone(t.AltNames)}
	authorities := certificatesOf(t.Authorities)
	if len(authorities) == 0 {
		return nil, errNoAuthority
	}
	for _, c := range authorities {
		v.authorities.AddCert(c)
	}
	for _, name := range t.Subjects {
		v.subjects = append(v.subjects, spelledSubject(name))
	}
	var err error
	if t.SubjectPattern != "" {
		if v.pattern, err = regexp.Compile(t.SubjectPattern); err != nil {
			return nil, err
		}
	}
	if t.Revocations != "" {
		v.revocations = readRevocations(t.Revocations, authorities)
	}
	return v, nil
}

// ID is the same for the same terms, in all snapshots and all processes. It is empty for nil, which stands for none.
func (v *Verifier) ID() string {
	if v == nil {
		return ""
	}
	return v.id
}

// Authorities are those that clients are told of in a handshake.
func (v *Verifier) Authorities() *x509.CertPool { return v.authorities }

// certificatesOf returns the certificates in a PEM text that can be read.
func certificatesOf(text string) (list []*x509.Certificate) {
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			list = append(list, c)
		}
	}
	return list
}

// Fault is what is wrong with what a client showed. The zero value is nothing.
type Fault uint8

const (
	// Sound has nothing wrong with it.
	Sound Fault = iota
	// Missing is no certificate at all.
	Missing
	// Unknown leads to no authority: nobody says who the client is.
	Unknown
	// Refused leads to an authority, and is refused for another reason: it has expired, for instance, or is revoked.
	Refused
	// Stranger is sound, and none of those that the terms name.
	Stranger
	// Unjudged may be revoked or not: there is no list that holds.
	Unjudged
)

// judge judges what a client showed, at a time: its certificate, and those that it sent with it.
func (v *Verifier) judge(shown []*x509.Certificate, now time.Time) *Verdict {
	if len(shown) == 0 {
		return &Verdict{by: v, Fault: Missing, Text: "the client showed no certificate", until: math.MaxInt64}
	}
	shown = shown[:min(len(shown), v.depth+2)] // or each might have to be compared with each other
	leaf, between := shown[0], x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: v.authorities, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return v.refuse(leaf, shown, err, now)
	}
	var found *Verdict
	for _, chain := range chains {
		if one := v.judgeChain(chain, now); found == nil || one.better(found) {
			found = one
		}
	}
	return found
}

// judgeChain judges one way from a certificate to an authority, which has been found to be sound otherwise.
func (v *Verifier) judgeChain(chain []*x509.Certificate, now time.Time) *Verdict {
	verdict := &Verdict{by: v, chain: chain, until: math.MaxInt64}
	for _, c := range chain {
		verdict.until = min(verdict.until, c.NotAfter.Unix())
	}
	if len(chain)-2 > v.depth {
		verdict.Fault, verdict.Text = Refused, "too many certificates stand between the client's and its authority's"
		return verdict
	}
	if v.revocations != nil {
		fault, text, until := v.revocations.judge(chain, now)
		verdict.until = min(verdict.until, until)
		if fault != Sound {
			verdict.Fault, verdict.Text = fault, text
			return verdict
		}
	}
	subject := Subject(chain[0].RawSubject)
	switch {
	case len(v.subjects) > 0 && !slices.Contains(v.subjects, subject), v.pattern != nil && !v.pattern.MatchString(subject):
		verdict.Fault, verdict.Text = Stranger, "the certificate is for a subject that may not come"
	case len(v.altNames) > 0 && !hasAltName(chain[0], v.altNames):
		verdict.Fault, verdict.Text = Stranger, "the certificate has no name that may come"
	}
	return verdict
}

// refuse returns the verdict about a certificate that leads to no authority. What is not valid yet may be later.
func (v *Verifier) refuse(leaf *x509.Certificate, shown []*x509.Certificate, err error, now time.Time) *Verdict {
	verdict := &Verdict{by: v, chain: []*x509.Certificate{leaf}, Fault: Refused, until: math.MaxInt64}
	for _, c := range shown {
		if c.NotBefore.After(now) {
			verdict.until = min(verdict.until, c.NotBefore.Unix())
		}
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok && unknown.Cert != nil {
		verdict.Fault, verdict.Text = Unknown, "the certificate is of no authority that is known here"
		if bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
			verdict.Text = "the certificate is its own authority, which is not known here"
		}
		return verdict
	}
	verdict.Text = textOfFault(err, now)
	return verdict
}

// textOfFault says what is wrong with a certificate in words that tell nothing but what the client has shown itself.
func textOfFault(err error, now time.Time) string {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	if !ok {
		return "the certificate cannot be verified"
	}
	switch invalid.Reason {
	case x509.Expired:
		if invalid.Cert != nil && now.Before(invalid.Cert.NotBefore) {
			return "the certificate is not valid yet"
		}
		return "the certificate has expired"
	case x509.IncompatibleUsage:
		return "the certificate is not for clients: its extended key usage lacks clientAuth"
	case x509.CANotAuthorizedForThisName, x509.UnconstrainedName, x509.TooManyConstraints, x509.NameConstraintsWithoutSANs:
		return "the certificate's authority may not issue it for its names"
	case x509.TooManyIntermediates:
		return "too many certificates stand between the client's and its authority's"
	}
	return "the certificate cannot be verified"
}
