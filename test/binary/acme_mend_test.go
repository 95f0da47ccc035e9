// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestAnExternalAccountThatIsNotThereIsToldOf(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https, "--acme-eab-secret=eab")...)
	s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
	says := func(text string) {
		t.Helper()
		eventually(t, patience, "what Issuing says", func() error {
			var c v1alpha1.TLSCertificate
			if err := s.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-tls"}, &c); err != nil {
				return err
			}
			issuing := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionIssuing)
			if issuing == nil || !strings.Contains(issuing.Message, text) {
				return fmt.Errorf("it is %v, want it to have %q", issuing, text)
			}
			return nil
		})
	}
	says("there is no Secret " + s.namespace + "/eab, which --acme-eab-secret names")
	eab := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "eab"}, StringData: map[string]string{"keyID": "kid-1"}}
	s.create(eab)
	says("Secret " + s.namespace + "/eab, which --acme-eab-secret names, must have keyID and hmacKey")
	s.change(eab, func() { eab.Data = map[string][]byte{"keyID": []byte("kid-1"), "hmacKey": []byte("not base64!")} })
	says("the hmacKey of the external account is not base64url, as authorities hand it out")
	if n := len(p.orders()); n != 0 {
		t.Errorf("%d orders were placed without an account", n)
	}
}
