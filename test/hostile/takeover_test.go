// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// editPace is how long each edit of the thief has to take effect.
const editPace = 300 * time.Millisecond

// A tenant has Ingresses of both kinds that are older than another tenant's. It edits them again and again to take the
// other's live host.
func TestTakeoverByEdit(t *testing.T) {
	s := newStage(t)
	const host = "shop.taken.example.com"
	s.serve(s.b, "old", "old.example.com", "/", startBackend(t, answerWith("thief")))
	standard := &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.b, Name: "old", Annotations: map[string]string{"kubernetes.io/ingress.class": "warren"}},
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{Host: "older.example.com",
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
				Path: "/", PathType: new(networkingv1.PathTypePrefix), Backend: networkingv1.IngressBackend{
					Service: &networkingv1.IngressServiceBackend{Name: "old", Port: networkingv1.ServiceBackendPort{Number: servicePort}}},
			}}}}}}},
	}
	s.create(standard)
	visitor := &http.Client{Timeout: victimPatience, Transport: &http.Transport{MaxIdleConnsPerHost: victimConnections}}
	ask := func(name string) (string, error) {
		request, err := http.NewRequest(http.MethodGet, "http://"+s.replica().http+"/", nil)
		if err != nil {
			return "", err
		}
		request.Host = name
		response, err := visitor.Do(request)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		return string(content), err
	}
	answers := func(name, want string) {
		eventually(t, name+" to be served", func() error {
			got, err := ask(name)
			if err == nil && got != want {
				err = fmt.Errorf("the answer is %.80q", got)
			}
			return err
		})
	}
	answers("old.example.com", "thief")
	answers("older.example.com", "thief")
	eventually(t, "the thief's Ingresses to be older by what ages are counted in", func() error {
		if age := time.Since(standard.CreationTimestamp.Time); age < 2*time.Second {
			return fmt.Errorf("they are of %v", age)
		}
		return nil
	})
	s.serve(s.a, "shop", host, "/", startBackend(t, answerWith("owner")))
	answers(host, "owner")

	var stolen, asked int
	s.attack("a live host by the edit of an older Ingress", func(ctx context.Context) {
		var running sync.WaitGroup
		running.Go(func() {
			for ; ctx.Err() == nil; time.Sleep(hostPace) {
				if got, err := ask(host); err == nil {
					asked++
					if got != "owner" {
						stolen++
					}
				}
			}
		})
		running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				own := &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: s.b, Name: "old"}}
				wanted := map[bool]string{true: host, false: "old.example.com"}[n%2 == 0]
				edits := map[client.Object]string{own: `[{"op":"replace","path":"/spec/rules/0/host","value":"` + wanted + `"}]`, standard: ""}
				edits[standard] = edits[own]
				for object, edit := range edits {
					if err := s.Patch(ctx, object, client.RawPatch("application/json-patch+json", []byte(edit))); err != nil && ctx.Err() == nil {
						t.Errorf("editing the thief's Ingress: %v", err)
					}
				}
				select {
				case <-ctx.Done():
				case <-time.After(editPace):
				}
			}
		})
		running.Wait()
	})
	if asked == 0 || stolen > 0 {
		t.Errorf("%d of %d answers were not the owner's", stolen, asked)
	}
}
