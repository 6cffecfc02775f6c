// Stands in for Node's node_object_wrap.h when ssh2's ciphers are compiled. Node 24's own ObjectWrap asks for the
// current environment in its destructor, which runs inside garbage collections; one that starts in compiled
// JavaScript has no current context, and the process aborts. This is the same class without that question.
#ifndef SRC_NODE_OBJECT_WRAP_H_
#define SRC_NODE_OBJECT_WRAP_H_

#include <cassert>
#include "v8.h"

namespace node {

class ObjectWrap {
 public:
  ObjectWrap() : refs_(0) {}

  virtual ~ObjectWrap() {
    if (handle_.IsEmpty()) return;
    handle_.ClearWeak();
    handle_.Reset();
  }

  template <class T>
  static inline T* Unwrap(v8::Local<v8::Object> handle) {
    assert(handle->InternalFieldCount() > 0);
    return static_cast<T*>(static_cast<ObjectWrap*>(handle->GetAlignedPointerFromInternalField(0)));
  }

  inline v8::Local<v8::Object> handle() { return handle(v8::Isolate::GetCurrent()); }
  inline v8::Local<v8::Object> handle(v8::Isolate* isolate) { return v8::Local<v8::Object>::New(isolate, handle_); }
  inline v8::Persistent<v8::Object>& persistent() { return handle_; }

 protected:
  inline void Wrap(v8::Local<v8::Object> handle) {
    assert(handle_.IsEmpty());
    assert(handle->InternalFieldCount() > 0);
    handle->SetAlignedPointerInInternalField(0, this);
    handle_.Reset(v8::Isolate::GetCurrent(), handle);
    MakeWeak();
  }

  inline void MakeWeak() { handle_.SetWeak(this, WeakCallback, v8::WeakCallbackType::kParameter); }

  virtual void Ref() {
    handle_.ClearWeak();
    refs_++;
  }

  virtual void Unref() {
    assert(refs_ > 0);
    if (--refs_ == 0) MakeWeak();
  }

  int refs_;

 private:
  static void WeakCallback(const v8::WeakCallbackInfo<ObjectWrap>& data) {
    ObjectWrap* wrap = data.GetParameter();
    wrap->handle_.Reset();
    delete wrap;
  }

  v8::Persistent<v8::Object> handle_;
};

}  // namespace node

#endif  // SRC_NODE_OBJECT_WRAP_H_
