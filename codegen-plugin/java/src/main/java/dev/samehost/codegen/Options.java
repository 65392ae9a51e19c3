package dev.samehost.codegen;

import javax.lang.model.SourceVersion;

/**
 * What can be chosen, as protoc passes it: {@code name=value}, separated by commas.
 *
 * @param suffix is put behind the name of every service in Java: with {@code suffix=Rpc} the
 *     service Greeter becomes the interface GreeterRpc
 */
record Options(String suffix) {
  static Options parse(String parameter) {
    String suffix = "";
    for (String option : parameter.split(",", -1)) {
      if (option.isBlank()) {
        continue;
      }
      String[] pair = option.strip().split("=", 2);
      if (!pair[0].equals("suffix")) {
        throw new ProblemException("unknown option '" + pair[0] + "'; there is: suffix=TEXT");
      }
      if (pair.length == 1 || !SourceVersion.isIdentifier("A" + pair[1])) {
        throw new ProblemException(
            "option '" + option.strip() + "' must be suffix=TEXT, with letters and digits");
      }
      suffix = pair[1];
    }
    return new Options(suffix);
  }
}
