// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/clientcert"
)

// clientCertificateName is the annotation's name without its prefix.
const clientCertificateName = "client-certificate"

// readClientCertificate reads what clients have to show. With a fault nobody gets in.
func readClientCertificate(c *v1alpha1.ClientCertificate, namespace string) *rules.ClientCertificate {
	read := &rules.ClientCertificate{
		Depth: defaultDepth, Subjects: texts(c.Subjects), AltNames: texts(c.SANs), Optional: c.Mode == v1alpha1.ClientCertificateOptional,
		Fault: clientCertificateFault(c),
	}
	read.Authorities.Namespace, read.Authorities.Name = namespace, string(c.CASecretName)
	if c.CAConfigMapName != "" {
		read.Authorities.ConfigMap, read.Authorities.Name = true, string(c.CAConfigMapName)
	}
	if c.CRLSecretName != "" {
		read.Revocations.Namespace, read.Revocations.Name = namespace, string(c.CRLSecretName)
	}
	if c.Depth != nil {
		read.Depth = int(*c.Depth)
	}
	slices.Sort(read.Subjects)
	slices.Sort(read.AltNames)
	if c.Forward {
		read.Forward = clientcert.RFC9440
		switch c.Headers {
		case v1alpha1.ClientCertificateHeadersNginx:
			read.Forward = clientcert.NginxCertificate
		case v1alpha1.ClientCertificateHeadersEnvoy:
			read.Forward = clientcert.Envoy
		}
	}
	return read
}

const (
	// defaultDepth is ingress-nginx's too, and maxDepth what the schema allows.
	defaultDepth, maxDepth = 1, 10
	// maxClientNames and maxClientName bound a list of names, and a name in bytes, as the schema does.
	maxClientNames, maxClientName = 64, 512
)

// clientCertificateFault checks what the schema checks too: an annotation meets none.
func clientCertificateFault(c *v1alpha1.ClientCertificate) string {
	switch {
	case c.CASecretName == "" && c.CAConfigMapName == "":
		return "it names no authorities that certificates of clients may come from: write caSecretName, the name of a Secret with the key ca.crt"
	case c.CASecretName != "" && c.CAConfigMapName != "":
		return "it has caSecretName and caConfigMapName: write one of the two"
	case !validReference(string(c.CASecretName)), !validReference(string(c.CAConfigMapName)), !validReference(string(c.CRLSecretName)):
		return "it names an object that cannot be there: write the name of a Secret or ConfigMap, such as clients-ca"
	case !slices.Contains([]v1alpha1.ClientCertificateMode{"", v1alpha1.ClientCertificateRequire, v1alpha1.ClientCertificateOptional}, c.Mode):
		return "mode " + rules.Quote(string(c.Mode)) + " is unknown: write Require or Optional"
	case c.Depth != nil && (*c.Depth < 0 || *c.Depth > maxDepth):
		return "depth is not from 0 to " + strconv.Itoa(maxDepth) + ": write how many certificates may stand between the client's and the authority's"
	case c.Headers != "" && !c.Forward:
		return "headers says how a certificate is forwarded: write forward: true with it, or leave it out"
	case !slices.Contains([]v1alpha1.ClientCertificateHeaders{"", v1alpha1.ClientCertificateHeadersRFC9440, v1alpha1.ClientCertificateHeadersNginx,
		v1alpha1.ClientCertificateHeadersEnvoy}, c.Headers):
		return "headers " + rules.Quote(string(c.Headers)) + " is unknown: write RFC9440, Nginx or Envoy"
	case len(c.Subjects) > maxClientNames || len(c.SANs) > maxClientNames:
		return "it has more than " + strconv.Itoa(maxClientNames) + " subjects or sans: write fewer"
	}
	for _, subject := range c.Subjects {
		if text := string(subject); len(text) > maxClientName || !subjectForm.MatchString(text) || spacedSubject.MatchString(text) ||
			strings.ContainsFunc(text, isControl) {
			return "subject " + rules.Quote(text) + " is no distinguished name: write it as openssl x509 -noout -subject -nameopt RFC2253 prints it, " +
				"such as CN=robot,O=Example"
		}
	}
	for _, name := range c.SANs {
		if text := string(name); len(text) > maxClientName || !altNameForm.MatchString(text) {
			return "subject alternative name " + rules.Quote(text) + " is none: write robot.example.com, *.clients.example.com, " +
				"spiffe://example.com/robot, robot@example.com or 192.0.2.1"
		}
	}
	return ""
}

// These are what the schema requires.
var (
	subjectForm   = regexp.MustCompile(`^[A-Za-z0-9.]+=`)
	spacedSubject = regexp.MustCompile(`[^\\][,+] `)
	altNameForm   = regexp.MustCompile(`^([*][.])?[!-)+-~]+$`)
)

// clientCertificateExample is what a value of the annotation looks like.
const clientCertificateExample = "{caSecretName: clients-ca, forward: true}"

// readClientCertificate reads the annotation. It is about the hosts as a whole: paths of other Ingresses would be open
// if it could not be read and closed the paths of this one alone.
func (a *asked) readClientCertificate(value string) (fault string) {
	read, fault := readYAML[v1alpha1.ClientCertificate](value, clientCertificateExample)
	if fault == "" {
		fault = clientCertificateFault(read)
	}
	if fault != "" {
		a.closesHosts = true
		return fault
	}
	a.clientCertificate = read
	return ""
}

// clients returns what the annotation has the clients of an Ingress's hosts show, nil for nothing.
func (a *asked) clients(namespace string) *rules.ClientCertificate {
	if a.clientCertificate == nil {
		return nil
	}
	return readClientCertificate(a.clientCertificate, namespace)
}
