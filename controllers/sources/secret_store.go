// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/translate"
)

// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch

// SecretStore has the parsed content of Secrets. It parses each version once: there may be fifty builds a second, and
// checking one RSA key takes longer than all that a build does for an Ingress.
//
// If a Secret cannot be served any more, it remembers the version that could be, so that a slip with kubectl takes no
// host down. A process that starts later does not know that version. It forgets a Secret when nothing names it any
// more. Only the goroutine that builds uses it.
type SecretStore struct {
	parsed map[types.NamespacedName]secretVersion
	// latest is what was read last.
	latest readSecrets
}

// readSecrets is what was read of Secrets, and from what.
type readSecrets struct {
	objects        []*corev1.Secret
	unknown, named any
	secrets        []*translate.Secret
}

// of returns whether this was read from the same lists and maps.
func (r *readSecrets) of(objects []*corev1.Secret, unknown map[types.NamespacedName]string, named map[types.NamespacedName]struct{}) bool {
	return r.secrets != nil && sameList(r.objects, objects) &&
		reflect.ValueOf(r.unknown).Pointer() == reflect.ValueOf(unknown).Pointer() && reflect.ValueOf(r.named).Pointer() == reflect.ValueOf(named).Pointer()
}

type secretVersion struct {
	uid             types.UID
	resourceVersion string
	// chain and key are what content was parsed from.
	chain, key []byte
	content    *translate.Secret
	// good is the content of the latest version that could be served, nil if there was none.
	good *translate.Secret
}

// NewCertificates returns the Secrets that objects name for their certificates. secrets is the metadata of all Secrets.
// It calls changed when there is something new to know of a named one.
func NewCertificates(from client.Reader, secrets cluster.Metadata, changed func()) *cluster.NamedObjects[*corev1.Secret] {
	return cluster.NewNamedObjects(secrets, cluster.ReadSecret(from), keepCertificate, changed)
}

// Read returns what the named Secrets hold. For each in unknown, the Secret's fault says why it is not among the
// objects.
func (s *SecretStore) Read(objects []*corev1.Secret, unknown map[types.NamespacedName]string, named map[types.NamespacedName]struct{}) []*translate.Secret {
	if s.latest.of(objects, unknown, named) && len(objects) > 0 && !slices.ContainsFunc(objects, func(o *corev1.Secret) bool { return o.ResourceVersion == "" }) {
		return s.latest.secrets
	}
	secrets := make([]*translate.Secret, 0, len(named))
	parsed := make(map[types.NamespacedName]secretVersion, len(named))
	for _, object := range objects {
		name := client.ObjectKeyFromObject(object)
		if _, ok := named[name]; !ok {
			continue
		}
		version, ok := s.parsed[name]
		if ok && version.uid == object.UID && version.resourceVersion != object.ResourceVersion && version.holds(object) {
			version.resourceVersion = object.ResourceVersion // something else of it has changed
		}
		if !ok || version.uid != object.UID || version.resourceVersion != object.ResourceVersion {
			version = secretVersion{uid: object.UID, resourceVersion: object.ResourceVersion, chain: object.Data[corev1.TLSCertKey], key: object.Data[corev1.TLSPrivateKeyKey], content: ParseSecret(object), good: version.good}
			if version.content.Fault == "" {
				version.good = version.content
			} else if version.good != nil {
				version.content = instead(version.good, version.content)
			}
		}
		parsed[name] = version
		secrets = append(secrets, version.content)
	}
	for name, version := range s.parsed {
		_, wanted := named[name]
		if _, ok := parsed[name]; ok || !wanted || version.good == nil {
			continue
		}
		if why, ok := unknown[name]; ok {
			version = secretVersion{content: instead(version.good, &translate.Secret{Fault: "it " + why}), good: version.good}
		} else if !version.content.Gone {
			version = secretVersion{content: instead(version.good, &translate.Secret{Gone: true}), good: version.good}
		}
		parsed[name] = version
		secrets = append(secrets, version.content)
	}
	for name, why := range unknown {
		if _, ok := parsed[name]; !ok {
			secrets = append(secrets, &translate.Secret{Namespace: name.Namespace, Name: name.Name, Fault: "it " + why})
		}
	}
	slices.SortFunc(secrets, func(a, b *translate.Secret) int { // A list that hardly changes is looked at quickly.
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	s.parsed, s.latest = parsed, readSecrets{objects, unknown, named, secrets}
	return secrets
}

// holds returns whether an object holds what was parsed.
func (v *secretVersion) holds(object *corev1.Secret) bool {
	return bytes.Equal(v.chain, object.Data[corev1.TLSCertKey]) && bytes.Equal(v.key, object.Data[corev1.TLSPrivateKeyKey])
}

// instead returns what is served for a Secret that cannot be served now: what it held when it could be, with what is
// wrong now.
func instead(good, latest *translate.Secret) *translate.Secret {
	served := *good
	served.Fault, served.Reason, served.Gone = latest.Fault, latest.Reason, latest.Gone
	return &served
}

// UntilValidityChanges returns the time until the first certificate's validity begins or ends, or the first list of
// revocations expires, and at most limit: a clock may be set, or stand still while a machine sleeps. It returns 0 if
// there is nothing to wait for.
func UntilValidityChanges(in *translate.Input, limit time.Duration) time.Duration {
	wait := time.Duration(0)
	until := func(change time.Time) {
		if left := change.Sub(in.Now); left > 0 && (wait == 0 || left < wait) {
			wait = min(left, limit)
		}
	}
	for _, a := range in.Authorities {
		if a.Revocations != nil {
			until(a.Revocations.Expires)
		}
	}
	for _, s := range in.Secrets {
		if s.NotAfter.IsZero() {
			continue
		}
		for _, change := range [...]time.Time{s.NotBefore, s.NotAfter} {
			until(change.Add(time.Second)) // A certificate is still valid at its notAfter.
		}
	}
	return wait
}

// Validity is UntilValidityChanges for one input after the other. It looks at all certificates only when some are
// others, or when the time has come.
type Validity struct {
	secrets     []*translate.Secret
	authorities []*translate.Authority
	// from is when the certificates were looked at, and next when the first change after that comes. It is the zero time
	// if none does.
	from, next time.Time
}

// Until is UntilValidityChanges.
func (v *Validity) Until(in *translate.Input, limit time.Duration) time.Duration {
	if !sameList(v.secrets, in.Secrets) || !sameList(v.authorities, in.Authorities) || in.Now.Before(v.from) || !in.Now.Before(v.next) && !v.next.IsZero() {
		const longest = 1<<63 - 1
		*v = Validity{secrets: in.Secrets, authorities: in.Authorities, from: in.Now}
		if wait := UntilValidityChanges(in, longest); wait > 0 {
			v.next = in.Now.Add(wait)
		}
	}
	if v.next.IsZero() {
		return 0
	}
	return min(v.next.Sub(in.Now), limit)
}

// keepCertificate keeps what is read of a Secret that is named for its certificate.
func keepCertificate(secret *corev1.Secret) *corev1.Secret {
	kept := &corev1.Secret{ObjectMeta: cluster.Identity(&secret.ObjectMeta), Type: secret.Type, Data: map[string][]byte{
		corev1.TLSCertKey:       keepBytes(secret.Data[corev1.TLSCertKey], chainLimit),
		corev1.TLSPrivateKeyKey: keepBytes(secret.Data[corev1.TLSPrivateKeyKey], keyTextLimit),
	}}
	for _, name := range [...]string{
		cluster.TLSCertificateAnnotation, cluster.DirectoryAnnotation, cluster.SerialAnnotation, cluster.IssuedAtAnnotation,
	} {
		if value, ok := secret.Annotations[name]; ok && len(value) <= cluster.AnnotationLimit {
			metav1.SetMetaDataAnnotation(&kept.ObjectMeta, name, value)
		}
	}
	return kept
}
