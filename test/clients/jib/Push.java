import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainer;
import com.google.cloud.tools.jib.api.RegistryImage;
import java.nio.file.Path;
import java.util.List;

/** Puts one file on a base image and pushes it: BASE TARGET FILE CACHE. Prints the digest. */
class Push {
  public static void main(String[] args) throws Exception {
    Containerizer target = Containerizer.to(RegistryImage.named(args[1]))
        .setAllowInsecureRegistries(true)
        .setBaseImageLayersCache(Path.of(args[3], "base"))
        .setApplicationLayersCache(Path.of(args[3], "application"));
    JibContainer pushed = Jib.from(RegistryImage.named(args[0]))
        .addLayer(List.of(Path.of(args[2])), "/app")
        .setEntrypoint("/payload")
        .containerize(target);
    System.out.println(pushed.getDigest());
  }
}
