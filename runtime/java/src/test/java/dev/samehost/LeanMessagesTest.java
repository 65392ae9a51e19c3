package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Large messages where the application has no protobuf, or its lite runtime. */
final class LeanMessagesTest {
  /** The class path without some classes. */
  private static final class Without extends URLClassLoader {
    private final Predicate<String> missing;

    private Without(String missing) throws MalformedURLException {
      super(classPath(), ClassLoader.getPlatformClassLoader());
      this.missing = Pattern.compile(missing).asMatchPredicate();
    }

    private static URL[] classPath() throws MalformedURLException {
      List<URL> all = new ArrayList<>();
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
        all.add(new File(entry).toURI().toURL());
      }
      return all.toArray(URL[]::new);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (missing.test(name)) {
        throw new ClassNotFoundException(name);
      }
      return super.loadClass(name, resolve);
    }

    private Object answer(Class<?> asked) throws ReflectiveOperationException {
      Class<?> own = loadClass(asked.getName());
      assertThat(own).isNotSameInstanceAs(asked);
      return ((Supplier<?>) own.getDeclaredConstructor().newInstance()).get();
    }
  }

  @Test
  void withoutProtobufAnyMarshallerParses() throws Exception {
    try (Without without = new Without("com\\.google\\.protobuf\\..*|io\\.grpc\\.protobuf\\..*")) {
      assertThat(without.answer(LeanMessages.OfNobody.class)).isEqualTo(100_004);
    }
  }

  @Test
  void withItsLiteRuntimeGrpcsMarshallerParsesAllOfTheMessage() throws Exception {
    try (Without without =
        new Without("com\\.google\\.protobuf\\.(Message|ExtensionRegistry|Descriptors.*)")) {
      assertThrows(
          ClassNotFoundException.class, () -> without.loadClass("com.google.protobuf.Message"));
      assertThat(without.answer(LeanMessages.OfLite.class)).isEqualTo(100_004);
    }
  }
}
