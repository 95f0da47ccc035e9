// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/clientcert"
)

// +kubebuilder:rbac:groups="",resources=configmaps,verbs=list;watch

const (
	// authorityField is the key of the authorities' certificates in a Secret or ConfigMap.
	authorityField   = "ca.crt"
	certificateBlock = "CERTIFICATE"
	// authorityLimit is how many bytes ca.crt may have. All authorities that an operating system trusts take 220 KB.
	authorityLimit = 256 << 10
	// revocationLimit is how many bytes the lists of revocations may have, together.
	revocationLimit = 512 << 10
)

// revocationFields are the keys of lists of revocations. ingress-nginx has the second one.
var revocationFields = [...]string{"crl.pem", "ca.crl"}

// Authorities knows the Secrets and ConfigMaps that are named for the authorities in them, and keeps only the
// authorities' certificates and the lists of what they have revoked. If an update damages the certificates, it goes on
// with what was there before. A process that starts later does not know what was there before. Only the goroutine that
// builds uses it.
type Authorities struct {
	secrets    *cluster.NamedObjects[*corev1.Secret]
	configMaps *cluster.NamedObjects[*corev1.ConfigMap]
	parsed     map[translate.AuthorityName]authorityVersion
}

type authorityVersion struct {
	// version is that of the object that content was parsed from.
	version string
	content *translate.Authority
	// good is the content of the latest version without a fault, nil if there was none.
	good *translate.Authority
}

// NewAuthorities returns Authorities that learn from the metadata which Secrets and ConfigMaps there are. It calls
// changed when there is something new to know of a named one.
func NewAuthorities(from client.Reader, secrets, configMaps cluster.Metadata, changed func()) *Authorities {
	return &Authorities{
		secrets:    cluster.NewNamedObjects(secrets, cluster.ReadSecret(from), keepAuthoritySecret, changed),
		configMaps: cluster.NewNamedObjects(configMaps, cluster.ReadConfigMap(from), keepAuthorityConfigMap, changed),
		parsed:     make(map[translate.AuthorityName]authorityVersion),
	}
}

// Read returns what is known of the named objects, and reads only those from now on.
func (a *Authorities) Read(ctx context.Context, named map[translate.AuthorityName]struct{}) ([]*translate.Authority, error) {
	secrets, configMaps := make(map[types.NamespacedName]struct{}), make(map[types.NamespacedName]struct{})
	for name := range named {
		if name.ConfigMap {
			configMaps[name.NamespacedName] = struct{}{}
		} else {
			secrets[name.NamespacedName] = struct{}{}
		}
	}
	if err := a.secrets.LookUp(ctx, secrets, cluster.ReadPatience); err != nil {
		return nil, err
	}
	if err := a.configMaps.LookUp(ctx, configMaps, cluster.ReadPatience); err != nil {
		return nil, err
	}
	known := make([]*translate.Authority, 0, len(named))
	parsed := make(map[translate.AuthorityName]authorityVersion, len(named))
	add := func(inMap bool, object client.Object, text, revocations []byte) {
		name := translate.AuthorityName{ConfigMap: inMap, NamespacedName: client.ObjectKeyFromObject(object)}
		parsed[name] = a.parsed[name].next(name, string(object.GetUID())+object.GetResourceVersion(), text, revocations)
		known = append(known, parsed[name].content)
	}
	missing := func(inMap bool, unknown map[types.NamespacedName]string) {
		for name, why := range unknown {
			known = append(known, &translate.Authority{Name: translate.AuthorityName{ConfigMap: inMap, NamespacedName: name}, Missing: why})
		}
	}
	inSecrets, unknownSecrets := a.secrets.Objects()
	for _, object := range inSecrets {
		add(false, object, object.Data[authorityField], revocationsIn(object.Data))
	}
	inMaps, unknownMaps := a.configMaps.Objects()
	for _, object := range inMaps {
		add(true, object, []byte(object.Data[authorityField]), revocationsIn(object.Data))
	}
	missing(false, unknownSecrets)
	missing(true, unknownMaps)
	a.parsed = parsed
	return known, nil
}

// Wait returns when nothing is read any more, which is after the context has ended.
func (a *Authorities) Wait() {
	a.secrets.Wait()
	a.configMaps.Wait()
}

// next returns what another version of an object holds. Each version is parsed once.
func (v authorityVersion) next(name translate.AuthorityName, version string, text, revocations []byte) authorityVersion {
	if v.content != nil && v.version == version {
		return v
	}
	content, spoiled := parseAuthority(name, text)
	content.Revocations = parseRevocations(revocations)
	next := authorityVersion{version: version, content: content, good: v.good}
	switch {
	case content.Fault == "" && spoiled == "":
		next.good = content
	case v.good != nil:
		kept := *v.good
		kept.Fault, kept.Reason, kept.Revocations = content.Fault, content.Reason, content.Revocations
		if kept.Fault == "" {
			kept.Fault = spoiled
		}
		next.content = &kept
	}
	return next
}

func keepAuthoritySecret(o *corev1.Secret) *corev1.Secret {
	kept := map[string][]byte{authorityField: keepBytes(o.Data[authorityField], authorityLimit)}
	for _, field := range revocationFields {
		if text, ok := o.Data[field]; ok {
			kept[field] = keepBytes(text, revocationLimit)
		}
	}
	return &corev1.Secret{ObjectMeta: cluster.Identity(&o.ObjectMeta), Data: kept}
}

func keepAuthorityConfigMap(o *corev1.ConfigMap) *corev1.ConfigMap {
	kept := map[string]string{authorityField: keepText(o.Data[authorityField], authorityLimit)}
	for _, field := range revocationFields {
		if text, ok := o.Data[field]; ok {
			kept[field] = keepText(text, revocationLimit)
		}
	}
	return &corev1.ConfigMap{ObjectMeta: cluster.Identity(&o.ObjectMeta), Data: kept}
}

// revocationsIn returns the lists of revocations that an object has. It returns nil, and not an empty list, for one
// that has no such key.
func revocationsIn[T ~string | ~[]byte](data map[string]T) (text []byte) {
	for _, field := range revocationFields {
		if of, ok := data[field]; ok {
			text = append(append(text, of...), '\n')
		}
	}
	return text
}

// parseRevocations returns the lists of revocations in a text, nil if there is no text. What is damaged is of no use as
// a whole: nobody could say what the rest lacks.
func parseRevocations(text []byte) *translate.Revocations {
	switch {
	case text == nil:
		return nil
	case len(text) > revocationLimit:
		return &translate.Revocations{Fault: "the lists of revocations are more than 512 KiB, which is the most that is read: take out the certificates that have expired"}
	}
	for _, block := range readPEM(text) {
		if block.Block == nil {
			return &translate.Revocations{Fault: "a list of revocations is damaged or cut short: put it there anew"}
		}
	}
	lists, expires, fault := clientcert.ReadRevocations(text)
	return &translate.Revocations{Lists: lists, Expires: expires, Fault: fault}
}

// keepBytes cuts a value that is too long, but keeps enough of it to show that it is too long.
func keepBytes(value []byte, limit int) []byte {
	if len(value) > limit {
		return bytes.Clone(value[:limit+1])
	}
	return value
}

func keepText(value string, limit int) string {
	if len(value) > limit {
		return strings.Clone(value[:limit+1])
	}
	return value
}

// parseAuthority returns the certificates of a text that can be read, and lists what else there is. A missing authority
// does harm only when a backend has a certificate from it, so the others are used. spoiled says which part of the text
// is damaged, and not merely of another type: then the text that was there before is what its author meant.
func parseAuthority(name translate.AuthorityName, text []byte) (authority *translate.Authority, spoiled string) {
	fault := func(reason, format string, args ...any) (*translate.Authority, string) {
		return &translate.Authority{Name: name, Reason: reason,
			Fault: fmt.Sprintf(format, args...) + ": put the certificates of the authorities there as PEM"}, ""
	}
	switch {
	case len(text) == 0:
		return fault("", "%s is empty", authorityField)
	case len(text) > authorityLimit:
		return fault(v1alpha1.ReasonCATooLarge, "%s is more than 256 KiB, which is the most that is read", authorityField)
	}
	var certificates []*x509.Certificate
	var leftOut []string
	for i, block := range readPEM(text) {
		where := fmt.Sprintf("block %d of %s", i+1, authorityField)
		switch {
		case block.Block == nil:
			leftOut = append(leftOut, where+" is damaged or cut short")
			spoiled = leftOut[len(leftOut)-1]
			continue
		case !block.isCertificate():
			leftOut = append(leftOut, fmt.Sprintf("%s is of type %q", where, strings.ToValidUTF8(cluster.ClipTo(block.Type, 64), "?")))
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			leftOut = append(leftOut, where+" cannot be read ("+strings.ToValidUTF8(cluster.ClipTo(err.Error(), 200), "?")+")")
			if !block.isWellFormed() {
				spoiled = leftOut[len(leftOut)-1]
			}
			continue
		}
		certificates = append(certificates, certificate)
	}
	switch {
	case len(certificates) == 0 && len(leftOut) == 0:
		return fault("", "%s holds no certificate", authorityField)
	case len(certificates) == 0:
		return fault("", "%s", cluster.ClipMessage(strings.Join(leftOut, ", ")))
	}
	authority = &translate.Authority{Name: name, Certificates: string(encodeChain(certificates))}
	if len(leftOut) > 0 {
		authority.LeftOut = cluster.ClipMessage(strings.Join(leftOut, ", "))
	}
	return authority, spoiled
}
