// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"cmp"
	"strings"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// ClientCertificate lets in the clients whose connection has shown a certificate. All routes of a host that asks for
// one have it.
type ClientCertificate struct {
	// Terms are what the certificate has to be. They are the host's. Nil if there is something Missing.
	Terms *clientcert.Terms
	// Optional lets in clients that show none, and Unverified those whose certificate leads to no authority.
	Optional, Unverified bool
	// Forward is how the endpoint is told.
	Forward clientcert.Form
	// Status is that of answers to clients without a certificate that passes. 0 is the reason's. ErrorPage is a URL that
	// they are sent to. Empty for none. Neither is for a certificate that is sound, and is none of those that may come.
	Status    int
	ErrorPage string
	// Missing says why nobody can be judged. Then nobody gets in. Empty if clients can.
	Missing string
}

const clientCertificate = "client-certificate"

// Name is "client-certificate".
func (*ClientCertificate) Name() string { return clientCertificate }

// Equal returns whether another client certificate asks for the same.
func (c *ClientCertificate) Equal(other step.Policy) bool {
	o, ok := other.(*ClientCertificate)
	return ok && o != nil && c.Terms.Equal(o.Terms) && c.Optional == o.Optional && c.Unverified == o.Unverified && c.Forward == o.Forward &&
		c.Status == o.Status && c.ErrorPage == o.ErrorPage && c.Missing == o.Missing
}

// Tells returns nothing: no client may send what endpoints are told, whether they are or not.
func (*ClientCertificate) Tells() []string { return nil }

// AsksClients returns whether a policy judges the certificates of clients.
func AsksClients(p step.Policy) bool {
	c, ok := p.(*ClientCertificate)
	return ok && c.Missing == ""
}

// Compile parses the authorities and what they have revoked, unless another route has done so. Where that makes no
// sense, nobody gets in: an error would keep the routes of all others from being served anew.
func (c *ClientCertificate) Compile(scope *step.Scope) (step.Steps, error) {
	compiled := &clientJudge{
		optional: c.Optional, unverified: c.Unverified, forward: c.Forward, status: c.Status, page: []byte(c.ErrorPage), missing: c.Missing,
	}
	if c.Missing == "" {
		var err error
		if compiled.by, err = scope.Judge(c.Terms); err != nil {
			compiled.missing = err.Error()
		} else {
			compiled.says = c.says()
		}
	}
	return step.Steps{Request: compiled.request}, nil
}

// says is what somebody is told who only asks about a request.
func (c *ClientCertificate) says() string {
	var b strings.Builder
	b.WriteString("would ask the client for a certificate of the host's authorities")
	if len(c.Terms.Subjects)+len(c.Terms.SubjectPattern) > 0 {
		b.WriteString(", for certain subjects")
	}
	if len(c.Terms.AltNames) > 0 {
		b.WriteString(", with certain names")
	}
	if c.Terms.Revocations != "" {
		b.WriteString(", that they have not revoked")
	}
	switch {
	case c.Unverified:
		b.WriteString(", and let in one of other authorities, or none, too")
	case c.Optional:
		b.WriteString(", and let in a client without one too")
	}
	b.WriteString("; goes on as if it had shown one")
	if c.Forward != clientcert.Untold {
		b.WriteString(", of which the endpoint would be told (" + c.Forward.String() + ")")
	}
	return b.String()
}

// clientJudge is a compiled ClientCertificate.
type clientJudge struct {
	by                   *clientcert.Verifier
	optional, unverified bool
	forward              clientcert.Form
	status               int
	page                 []byte
	missing, says        string
}

var locationName = []byte("Location")

func (c *clientJudge) request(v *step.View) step.Answer {
	switch {
	case c.missing != "":
		return unsaid(v, clientCertificate, c.missing)
	case v.Notes != nil && v.Shown != nil:
		v.Note(clientCertificate, c.says)
		return step.Answer{}
	}
	verdict := v.Shown.Judge(c.by, v.Now)
	switch verdict.Fault {
	case clientcert.Sound:
	case clientcert.Unjudged:
		return step.Answer{Reason: reason.AuthUnavailable, Detail: verdict.Text}
	case clientcert.Stranger:
		return step.Answer{Reason: reason.CertificateRequired, Detail: verdict.Text}
	case clientcert.Missing:
		if !c.optional {
			return c.refuse(v, verdict)
		}
	case clientcert.Unknown:
		if !c.unverified {
			return c.refuse(v, verdict)
		}
	default:
		return c.refuse(v, verdict)
	}
	v.Request.Fields = verdict.Append(v.Request.Fields, c.forward)
	return step.Answer{}
}

func (c *clientJudge) refuse(v *step.View, verdict *clientcert.Verdict) step.Answer {
	answer := step.Answer{Reason: reason.CertificateRequired, Detail: verdict.Text, Status: c.status}
	if len(c.page) > 0 {
		answer.Status = cmp.Or(answer.Status, 302)
		v.Fields = append(v.Fields, message.Field{Name: locationName, Value: c.page})
	}
	return answer
}
