package dev.samehost.transport.stdio;

import java.util.ServiceLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.NOPLoggerFactory;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * Where the lines of children go that nobody has asked for: to SLF4J's log, or to the JDK's where
 * the application has no binding of SLF4J, which would drop them.
 */
final class StderrLog {
  private static final String NAME = "dev.samehost.transport.stdio.child";
  private static final Logger CHILD = LoggerFactory.getLogger(NAME);
  private static final System.Logger JDK = System.getLogger(NAME);
  private static final boolean LOGGED = isLogged();

  private StderrLog() {}

  static void take(String line) {
    if (LOGGED) {
      CHILD.info("{}", line);
    } else {
      JDK.log(System.Logger.Level.INFO, line);
    }
  }

  private static boolean isLogged() {
    // A binding that drops all, slf4j-nop, was chosen: that is kept to.
    return !(LoggerFactory.getILoggerFactory() instanceof NOPLoggerFactory)
        || ServiceLoader.load(SLF4JServiceProvider.class).findFirst().isPresent();
  }
}
