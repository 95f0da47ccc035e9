// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// largeSecrets is how many Secrets are made at most, in largeTime. Each has largeSecret bytes. largeWriters write at
	// once.
	largeSecrets = 300
	largeWriters = 4
	largeSecret  = 1000 << 10
	largeTime    = 10 * time.Second
	// readyWithin is how long a replica may take to start meanwhile.
	readyWithin = 20 * time.Second
)

// A tenant who may write nothing but Secrets fills a namespace with them. Nothing names them.
func TestLargeSecretsThatNothingNames(t *testing.T) {
	s := newStageToFill(t, 1)
	s.attackOnce(largeTime, "large Secrets that nothing names", s.fillWithSecrets)
	began := time.Now()
	r := s.another()
	if took, memory := time.Since(began), r.memory(); took > readyWithin || memory > mostMemory {
		t.Errorf("a replica that starts is ready after %s, at most %s are allowed, and takes %d MiB, at most %d",
			took, readyWithin, memory>>20, mostMemory>>20)
	} else {
		fmt.Printf("%-44s memory %d MiB   ready after %s\n", "a start beside them", memory>>20, took.Round(time.Millisecond))
	}
}

// fillWithSecrets makes large Secrets in a tenant's namespace. What the API server refuses is no attack.
func (s *stage) fillWithSecrets(ctx context.Context) {
	data := map[string][]byte{corev1.TLSCertKey: bytes.Repeat([]byte{'x'}, largeSecret), corev1.TLSPrivateKeyKey: nil}
	var made atomic.Int64
	var writing sync.WaitGroup
	for range largeWriters {
		writing.Go(func() {
			for ctx.Err() == nil {
				n := made.Add(1)
				if n > largeSecrets {
					return
				}
				_ = s.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.b, Name: fmt.Sprintf("large-%d", n)},
					Type: corev1.SecretTypeTLS, Data: data})
			}
		})
	}
	writing.Wait()
	<-ctx.Done()
}
