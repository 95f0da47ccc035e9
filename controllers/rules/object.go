// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Object is what an object that makes routes says, whatever its kind. It is immutable.
type Object struct {
	// Kind is the kind that reports on it are of.
	Kind            string
	Namespace, Name string
	UID             types.UID
	Generation      int64
	Created         time.Time
	// ID is "namespace/name", with more before it where that alone does not tell one object from all others.
	ID string
	// Hosts are in the order of the object, and may have a name several times.
	Hosts []Host
	// Certificates are those that it asks for.
	Certificates []Wish
	// Fault keeps all of its rules from being served as they are written. Nil where nothing does.
	Fault *Fault
	// ClosesHosts is set where the fault is about all of its hosts, what other objects have of them too.
	ClosesHosts bool
	// Unheeded says which annotations of other controllers are not acted on, and say nothing of who gets in. It is empty
	// for none.
	Unheeded string
}

// Host is a host that an object names, and the rules that it has for it.
type Host struct {
	// Name is the host as its author wrote it, valid or not; empty for every host.
	Name string
	// Where is the place in the object as its author finds it, "rules[0]" for instance.
	Where string
	// Index is what logs have for the place.
	Index int
	// Default is set where the rules have what nothing else of the host matches, and what any other object has for the
	// same place comes before them.
	Default bool
	// Rules are in the order of the object. There may be none: the host is the object's all the same.
	Rules []Rule
}

// Wish is a certificate that an object asks for.
type Wish struct {
	// Secret is the name of the Secret that holds it, or is to. Where it is ordered, its TLSCertificate has the same name.
	Secret string
	// Hosts are those that it is for. Empty for those of the object's rules.
	Hosts []string
	// Redirect has plain requests for these hosts redirected.
	Redirect bool
	// Ordered has the certificate ordered, with Email for the authority to write to.
	Ordered bool
	Email   string
}

// Ordering returns the certificate that the object asks to have ordered, nil if it asks for none. It is not known what
// an object with a fault asks for: what was ordered for it is left as it is.
func (o *Object) Ordering() (ordering *Wish, known bool) {
	if len(o.Certificates) == 1 && o.Certificates[0].Ordered {
		return &o.Certificates[0], true
	}
	return nil, o.Fault == nil
}

// Older orders two objects by their right to what both want: the oldest first, and the names in their order where the
// age, which has a resolution of a second, is the same.
func Older(a, b *Object) int {
	return cmp.Or(
		a.Created.Compare(b.Created),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
	)
}
