package dev.samehost.codegen;

import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;
import java.util.ArrayList;
import java.util.List;

/** Makes Javadoc of a proto's comments: text stays text, whatever it holds. */
final class Javadoc {
  private Javadoc() {}

  /** The lines of the comment that stands before an element, or else behind it, escaped. */
  static List<String> of(Location location) {
    if (location == null) {
      return List.of();
    }
    return of(
        location.getLeadingComments().isBlank()
            ? location.getTrailingComments()
            : location.getLeadingComments());
  }

  private static List<String> of(String comment) {
    List<String> lines = new ArrayList<>();
    boolean inList = false;
    boolean afterBlank = false;
    for (String line : comment.strip().lines().map(String::strip).toList()) {
      if (line.isEmpty()) {
        afterBlank = true;
        continue;
      }
      boolean isItem = line.matches("[-*] .*");
      if (inList && afterBlank && !isItem) {
        lines.add("</ul>");
        inList = false;
      }
      if (isItem) {
        if (!inList) {
          if (!lines.isEmpty()) {
            lines.add("");
          }
          lines.add("<ul>");
          inList = true;
        }
        lines.add("  <li>" + escape(line.substring(2).strip()));
      } else if (afterBlank && !lines.isEmpty()) {
        lines.add("");
        lines.add("<p>" + escape(line));
      } else {
        lines.add((inList ? "      " : "") + escape(line));
      }
      afterBlank = false;
    }
    if (inList) {
      lines.add("</ul>");
    }
    return lines;
  }

  /** A backslash could begin a Unicode escape, an at sign a tag, and two signs end the comment. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\\", "&#92;")
        .replace("@", "&#64;")
        .replace("*/", "*&#47;")
        .replace("/*", "&#47;*")
        .replace("{", "&#123;")
        .replace("}", "&#125;");
  }
}
