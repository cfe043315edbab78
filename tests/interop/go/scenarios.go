package main

import (
	"bytes"
	"fmt"
	"time"

	"github.com/nsqio/go-nsq"
)

// addresses: TCP of the nsqd, HTTP of the nsqlookupd.
type addresses struct{ nsqd, lookupd string }

var scenarios = []struct {
	name string
	run  func(at addresses, topic string) error
}{
	{"publish", publishAndConsume},
	{"requeue", requeue},
	{"touch", touch},
	{"timeout", timeout},
	{"restart", restart},
	{"discovery", discovery},
}

// allBytes, a long body and one that is not ASCII: bodies must come back byte for byte.
func oddBodies() [][]byte {
	allBytes := make([]byte, 256)
	for i := range allBytes {
		allBytes[i] = byte(i)
	}
	return [][]byte{allBytes, bytes.Repeat([]byte("0123456789abcdef"), 32*1024), []byte("grüße ☃"), {0}}
}

func publishAndConsume(at addresses, topic string) error {
	producer, err := nsq.NewProducer(at.nsqd, newConfig())
	if err != nil {
		return err
	}
	defer producer.Stop()
	in, err := newInbox(at.nsqd, topic, channel, 0)
	if err != nil {
		return err
	}
	expected := map[string]time.Time{}
	publishOne := func(body []byte) error {
		expected[string(body)] = time.Time{}
		return producer.Publish(topic, body)
	}
	for i := 0; i < 300; i++ {
		if err := publishOne([]byte(fmt.Sprintf("single %d", i))); err != nil {
			return err
		}
	}
	for _, body := range oddBodies() {
		if err := publishOne(body); err != nil {
			return err
		}
	}
	var batch [][]byte
	for i := 0; i < 200; i++ {
		batch = append(batch, []byte(fmt.Sprintf("batch %d", i)))
		expected[string(batch[i])] = time.Time{}
	}
	if err := producer.MultiPublish(topic, batch); err != nil {
		return err
	}
	for i := 0; i < 20; i++ {
		body := []byte(fmt.Sprintf("deferred %d", i))
		delay := time.Duration(500+50*i) * time.Millisecond
		expected[string(body)] = time.Now().Add(delay)
		if err := producer.DeferredPublish(topic, delay, body); err != nil {
			return err
		}
	}
	if err := in.drain(expected); err != nil {
		return err
	}
	if err := check(topic, len(expected), 0, 0); err != nil {
		return err
	}
	in.close()
	return nil
}

// oneMessage publishes `body` and subscribes.
func oneMessage(address, topic, body string, msgTimeout time.Duration) (*inbox, error) {
	producer, err := nsq.NewProducer(address, newConfig())
	if err != nil {
		return nil, err
	}
	defer producer.Stop()
	if err := producer.Publish(topic, []byte(body)); err != nil {
		return nil, err
	}
	return newInbox(address, topic, channel, msgTimeout)
}

func requeue(at addresses, topic string) error {
	in, err := oneMessage(at.nsqd, topic, "again", 0)
	if err != nil {
		return err
	}
	m, err := in.expect("again", 1)
	if err != nil {
		return err
	}
	m.RequeueWithoutBackoff(0)
	if m, err = in.expect("again", 2); err != nil {
		return err
	}
	const delay = time.Second
	due := time.Now().Add(delay)
	m.RequeueWithoutBackoff(delay)
	if m, err = in.expect("again", 3); err != nil {
		return err
	}
	if early := time.Until(due); early > 0 {
		return fmt.Errorf("the requeued message came %v too early", early)
	}
	m.Finish()
	if err := check(topic, 1, 2, 0); err != nil {
		return err
	}
	in.close()
	return nil
}

// touch holds a message for more than twice its timeout.
func touch(at addresses, topic string) error {
	in, err := oneMessage(at.nsqd, topic, "slow work", 2*time.Second)
	if err != nil {
		return err
	}
	m, err := in.expect("slow work", 1)
	if err != nil {
		return err
	}
	for i := 0; i < 12; i++ {
		time.Sleep(400 * time.Millisecond)
		m.Touch()
	}
	m.Finish()
	if err := check(topic, 1, 0, 0); err != nil {
		return err
	}
	in.close()
	return nil
}

func timeout(at addresses, topic string) error {
	in, err := oneMessage(at.nsqd, topic, "forgotten", time.Second)
	if err != nil {
		return err
	}
	if _, err := in.expect("forgotten", 1); err != nil {
		return err
	}
	m, err := in.expect("forgotten", 2)
	if err != nil {
		return err
	}
	m.Finish()
	if err := check(topic, 1, 0, 1); err != nil {
		return err
	}
	in.consumer.Stop() // without waiting: the client counts the first delivery as unanswered for ever
	return nil
}

// restart keeps one producer and one consumer while the server goes away and comes back.
func restart(at addresses, topic string) error {
	in, err := newInbox(at.nsqd, topic, channel, 0)
	if err != nil {
		return err
	}
	return liveThroughRestart(at, in, topic)
}

// discovery does the same with a consumer that knows only the nsqlookupd, and begins before the topic is there.
func discovery(at addresses, topic string) error {
	in, err := newFindingInbox(at.lookupd, topic, channel)
	if err != nil {
		return err
	}
	return liveThroughRestart(at, in, topic)
}

func liveThroughRestart(at addresses, in *inbox, topic string) error {
	producer, err := nsq.NewProducer(at.nsqd, newConfig())
	if err != nil {
		return err
	}
	defer producer.Stop()
	for _, when := range []string{"before", "after"} {
		expected := map[string]time.Time{}
		for i := 0; i < 100; i++ {
			body := fmt.Sprintf("%s %d", when, i)
			expected[body] = time.Time{}
			if err := publishWithRetry(producer, topic, body); err != nil {
				return err
			}
		}
		if err := in.drain(expected); err != nil {
			return fmt.Errorf("%s the restart: %w", when, err)
		}
		if err := check(topic, len(expected), 0, 0); err != nil {
			return err
		}
		if when == "before" {
			if err := ask("RESTART"); err != nil {
				return err
			}
		}
	}
	in.close()
	return nil
}

// publishWithRetry publishes again where the connection broke: the client reconnects at the next publish.
func publishWithRetry(producer *nsq.Producer, topic, body string) error {
	deadline := time.Now().Add(patience)
	for {
		err := producer.Publish(topic, []byte(body))
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}
